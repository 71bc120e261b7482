CREATE TABLE musebar_configurations (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	config_id VARCHAR(12) COLLATE "C" NOT NULL,
	config JSON NOT NULL,
	PRIMARY KEY (study, config_id)
)


CREATE TABLE musebar_failed_attempts (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	genre VARCHAR(255) COLLATE "C" NOT NULL,
	config_id VARCHAR(12) COLLATE "C" NOT NULL,
	seed INTEGER NOT NULL,
	phase VARCHAR(16) COLLATE "C" NOT NULL,
	attempt INTEGER NOT NULL,
	reason TEXT NOT NULL,
	kind VARCHAR(32),
	failed_at VARCHAR(32) NOT NULL,
	PRIMARY KEY (study, genre, config_id, seed, phase, attempt)
)


CREATE TABLE musebar_genres (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	genre VARCHAR(255) COLLATE "C" NOT NULL,
	facts JSON NOT NULL,
	PRIMARY KEY (study, genre)
)


CREATE TABLE musebar_proposals (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	genre VARCHAR(255) COLLATE "C" NOT NULL,
	generation INTEGER NOT NULL,
	position INTEGER NOT NULL,
	config_id VARCHAR(12) COLLATE "C",
	parameters JSON,
	origin TEXT,
	PRIMARY KEY (study, genre, generation, position),
	UNIQUE (study, genre, config_id)
)


CREATE TABLE musebar_seed_runs (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	genre VARCHAR(255) COLLATE "C" NOT NULL,
	config_id VARCHAR(12) COLLATE "C" NOT NULL,
	seed INTEGER NOT NULL,
	phase VARCHAR(16) COLLATE "C" NOT NULL,
	state VARCHAR(16) NOT NULL,
	failure TEXT,
	failure_kind VARCHAR(32),
	attempts INTEGER NOT NULL,
	metrics JSON,
	curve JSON,
	best_epoch INTEGER,
	seconds FLOAT,
	node VARCHAR(256),
	device VARCHAR(64),
	versions JSON,
	checkpoint TEXT,
	finished_at VARCHAR(32) NOT NULL,
	PRIMARY KEY (study, genre, config_id, seed, phase)
)


CREATE TABLE musebar_studies (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	spec JSON NOT NULL,
	state VARCHAR(16) NOT NULL,
	stop_requested BOOLEAN NOT NULL,
	corpus_path TEXT,
	created_at VARCHAR(32) NOT NULL,
	PRIMARY KEY (study)
)


CREATE TABLE musebar_leases (
	study VARCHAR(255) COLLATE "C" NOT NULL,
	holder VARCHAR(32) NOT NULL,
	host VARCHAR(256) NOT NULL,
	pid INTEGER NOT NULL,
	process_start FLOAT NOT NULL,
	beat INTEGER NOT NULL,
	beat_at FLOAT,
	PRIMARY KEY (study)
)


CREATE TABLE musebar_schema (
	version SERIAL NOT NULL,
	written_by VARCHAR(64) NOT NULL,
	PRIMARY KEY (version)
)
