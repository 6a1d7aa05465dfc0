"""A store of its own and the small workflow for every module of these tests."""

import pytest
from tiny import write_workflows


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder for the store; the small workflow is the only one there is, here and in the process that renders."""
    folder = tmp_path_factory.mktemp("service")
    write_workflows(folder / "workflows")
    from coverloop.orchestrator.job import manifest

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERLOOP_STORE", str(folder / "store"))
        patch.setenv("COVERLOOP_WORKFLOWS", str(folder / "workflows"))
        patch.setattr(manifest, "FOLDER", folder / "workflows")
        yield folder / "store"
