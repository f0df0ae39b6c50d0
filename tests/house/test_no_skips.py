"""Checks that no_skips fails what pytest alone would let pass, and passes what is sound."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

SKIPS = {
    "marked": "@pytest.mark.skip(reason='later')\ndef test_x():\n    pass\n",
    "in the body": "def test_x():\n    pytest.skip('later')\n",
    "the module": "pytest.skip('later', allow_module_level=True)\n",
    "a missing import": "pytest.importorskip('no_such_module')\n",
    "expected to fail": "@pytest.mark.xfail\ndef test_x():\n    assert False\n",
    "unexpectedly passed": "@pytest.mark.xfail\ndef test_x():\n    pass\n",
}


def run(source):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "test_it.py").write_text("import pytest\n\n" + source)
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "no_skips", "."]
        environment = {"PYTHONPATH": str(HERE), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class NoSkips(unittest.TestCase):
    def test_skips_fail(self):
        for name, source in SKIPS.items():
            with self.subTest(name):
                status, output = run(source)
                self.assertNotEqual(status, 0, output)

    def test_no_test_at_all_fails(self):
        self.assertEqual(run("")[0], 5)

    def test_sound_tests_pass(self):
        status, output = run("def test_x():\n    pass\n")
        self.assertEqual(status, 0, output)


if __name__ == "__main__":
    unittest.main()
