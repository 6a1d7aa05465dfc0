"""Everything coverloop raises on purpose.

    CoverLoopError            base; `str(error)` is one line: what was wrong, with which value, what to do
    +-- CoverError            a picture cannot be used as a cover (missing, unreadable, too large, too small)
    +-- ClipError             a clip cannot be used (unreadable, too short, wrong shape)
    +-- SongError             a song cannot be used (unreadable, too long, silent, without a beat)
    +-- RecipeError           a motion recipe does not follow its schema
    +-- ModelError            model weights are missing, of another version, or fail their hash check
    +-- VlmError, BadAnswer   (core/prompt) a model could not be asked, or its answer does not follow the schema
    +-- UsageError            an argument is wrong (unknown workflow, unwritable folder, bad value)
    +-- ServerError           a ComfyUI server is away, is not ComfyUI, or refuses
        +-- JobError          a job ran on a server and failed there

`exit_code` is what the command line ends with: 2 when the caller can mend the call, 1 when the run failed.
"""


class CoverLoopError(Exception):
    exit_code = 1


class CoverError(CoverLoopError):
    exit_code = 2


class ClipError(CoverLoopError):
    exit_code = 2


class SongError(CoverLoopError):
    exit_code = 2


class RecipeError(CoverLoopError):
    exit_code = 2


class ModelError(CoverLoopError):
    exit_code = 1


class UsageError(CoverLoopError):
    exit_code = 2


class ServerError(CoverLoopError):
    exit_code = 1


class JobError(ServerError):
    exit_code = 1
