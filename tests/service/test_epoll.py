"""libmicrohttpd waits by the server's own epoll_wait, whose file says why."""

import os
import re
import subprocess

from server import BINARY


def test_libmicrohttpd_is_given_it():
    """As the dynamic linker tells, in each build: a sanitizer's library may have one as well."""
    done = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True,
                          env=os.environ | {"LD_BIND_NOW": "1", "LD_DEBUG": "bindings"})
    given = re.findall(r"binding file \S*/libmicrohttpd\S* \[0\] to (\S+) \[0\]: .* `epoll_wait'",
                       done.stderr)
    assert given == [BINARY]
