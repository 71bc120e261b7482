from __future__ import annotations

import pytest

from musebar_core.errors import UsageError
from study.home.studies import SPEC_FILE, Home


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid YAML at line 1"),
        ("[]", "not a mapping"),
        ("", "not a mapping"),
        ("name: poor\nname: poor\n", "'name' stands twice, at lines 1 and 2"),
        ("name: poor\ntraining: []\n", "training: "),
        ("name: poor\nseeds: {confirm: 99999999999}\n", "seeds.confirm: 99999999999"),
    ],
)
def test_a_study_whose_spec_is_broken_is_refused_with_its_file_and_reason(tmp_path, text, message):
    file = tmp_path / "poor" / SPEC_FILE
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        Home(tmp_path).open("poor")
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
