"""What happens to a whole study in its database: it gets another name, or it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from musebar_core.errors import UsageError
from study.ledger import schema

if TYPE_CHECKING:
    from study.ledger.ledger import Ledger


def delete(ledger: Ledger, study: str) -> int:
    """Delete all rows of a study, in one transaction; how many seed runs had ended in it."""

    def write(db: sa.Connection) -> int:
        counted = sa.select(sa.func.count()).select_from(schema.seed_runs)
        ended = db.scalar(counted.where(schema.seed_runs.c.study == study)) or 0
        for table in schema.of_studies():
            db.execute(table.delete().where(table.c.study == study))
        return ended

    return ledger.database.transact(write)


def rename(ledger: Ledger, old: str, new: str) -> None:
    """Give a study another name, in one transaction.

    Where the database holds the new name alone, an interrupted renaming is taken as done.

    Raises
    ------
    UsageError
        If the database holds both names.
    """

    def write(db: sa.Connection) -> None:
        table = schema.studies
        wanted = sa.select(table.c.study, table.c.spec).where(table.c.study.in_((old, new)))
        known = {row.study: row.spec for row in db.execute(wanted)}
        if new in known and old in known:
            raise UsageError(f"the ledger holds a study '{new}' already: name another")
        if old not in known:
            return
        for each in schema.of_studies():
            db.execute(each.update().where(each.c.study == old).values(study=new))
        spec = known[old] | {"name": new}
        db.execute(table.update().where(table.c.study == new).values(spec=spec))

    ledger.database.transact(write)
