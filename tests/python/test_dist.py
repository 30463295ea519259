"""The wheel and the sdist: what is in them, and that the wheel needs nothing but Python."""
import email
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile
import unittest
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SDK = ROOT / "sdk/python"
MODULES = {f"webinfer/{file.name}" for file in (SDK / "webinfer").iterdir()
           if file.suffix == ".py" or file.name == "py.typed"}
#: Nothing listens there, so that whatever asks a network fails.
NOWHERE = "http://127.0.0.1:1"


def build(folder):
    """The wheel and the sdist, built in this folder."""
    subprocess.run(["bash", "-euo", "pipefail", "-c", "source scripts/common.sh; source scripts/python-dist.sh; "
                    'make_python_dist "$1"', "-", folder], cwd=ROOT, check=True,
                   env={"PATH": os.environ["PATH"], "https_proxy": NOWHERE, "http_proxy": NOWHERE})
    names = sorted(one.name for one in pathlib.Path(folder).iterdir())
    assert [re.sub(r"-[\d.]+\d", "", name) for name in names] == ["webinfer-py3-none-any.whl", "webinfer.tar.gz"], names
    return [pathlib.Path(folder, name) for name in names]


class Dist(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.wheel, cls.sdist = build(f"{cls.folder.name}/first")
        cls.version = re.search(r'^version = "(.*)"$', (SDK / "pyproject.toml").read_text(), re.M)[1]

    def test_a_second_build_is_the_same_byte_for_byte(self):
        for first, second in zip((self.wheel, self.sdist), build(f"{self.folder.name}/second")):
            self.assertEqual(first.name, second.name)
            self.assertEqual(first.read_bytes(), second.read_bytes(), first.name)

    def test_the_wheel_has_every_module_and_the_licence(self):
        about = f"webinfer-{self.version}.dist-info/"
        with zipfile.ZipFile(self.wheel) as file:
            self.assertEqual({name for name in file.namelist() if not name.startswith(about)}, MODULES)
            for name in MODULES:
                self.assertEqual(file.read(name), (SDK / name).read_bytes(), name)
            licence, = [name for name in file.namelist() if name.startswith(about) and name.endswith("LICENSE")]
            self.assertEqual(file.read(licence), (ROOT / "LICENSE").read_bytes())

    def test_the_metadata_says_what_it_is_and_that_it_needs_nothing(self):
        with zipfile.ZipFile(self.wheel) as file:
            told = email.message_from_bytes(file.read(f"webinfer-{self.version}.dist-info/METADATA"))
        self.assertEqual((told["Name"], told["Version"], told["License"], told["Requires-Python"]),
                         ("webinfer", self.version, "Apache-2.0", ">=3.10"))
        self.assertEqual((told.get_all("Requires-Dist"), told["Description-Content-Type"]), (None, "text/markdown"))
        self.assertEqual(told.get_payload().strip(), (SDK / "README.md").read_text().strip())
        self.assertIn("Typing :: Typed", told.get_all("Classifier"))

    def test_the_sdist_has_all_that_a_build_needs(self):
        with tarfile.open(self.sdist) as file:
            names = {name.partition("/")[2] for name in file.getnames()}
            self.assertLessEqual(MODULES | {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}, names)
            self.assertEqual({(one.uid, one.gid, one.uname) for one in file.getmembers()}, {(0, 0, "")})

    def test_pip_installs_the_wheel_where_there_is_nothing_else(self):
        place = pathlib.Path(self.folder.name, "venv")
        venv.create(place, with_pip=True)

        def run(*words):
            return subprocess.run([place / "bin/python", "-I", *words], cwd=place, check=True, text=True,
                                  stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"], "HOME": str(place)}).stdout
        run("-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", self.wheel)
        where, numpy, file, names = run("-c", "import importlib.util, webinfer; print(webinfer.__file__); "
            "print(importlib.util.find_spec('numpy')); "
            "print(webinfer.png(memoryview(bytes(4)).cast('B', [2, 2]))[1:4]); "
            "print(len(webinfer.__all__))").splitlines()
        self.assertTrue(where.startswith(str(place)), where)
        self.assertEqual((numpy, file), ("None", "b'PNG'"))
        self.assertGreater(int(names), 10)
        self.assertIn("usage: python -m webinfer", run("-m", "webinfer", "--help"))


if __name__ == "__main__":
    unittest.main()
