"""Starts Ralph on a folder of files. usage: ralph_on_files.py FOLDER PORT

Its file backend refuses a second write unless it appends; ids and conflicts are still Ralph's own code.
"""
import os
import sys

os.environ.update(RALPH_RUNSERVER_BACKEND="fs", RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH=sys.argv[1])

import uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.data.fs import FSDataBackend

write = FSDataBackend.write


def append(self, data, target=None, chunk_size=None, ignore_errors=False, operation_type=None):
    return write(self, data, target, chunk_size, ignore_errors, BaseOperationType.APPEND)


FSDataBackend.write = append
uvicorn.run("ralph.api:app", host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
