"""python_root.py SCRIPT FOLDER: what an image has to hold that a script of
Python runs in it: the interpreter of this machine, of its library what the
script imports, and the shared libraries of both.

The library's files are compiled beforehand, in a way that depends on nothing
but their text, since nothing can be written where they will be.
"""

import ast
import os
import py_compile
import re
import shutil
import subprocess
import sys

PYTHON = os.path.realpath("/usr/bin/python3")


def copy(path, root):
    target = root + path
    if not os.path.exists(target):
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        shutil.copyfile(os.path.realpath(path), target)
        os.chmod(target, 0o755 if os.access(path, os.X_OK) else 0o644)
    return target


def modules(script):
    """The files of what is loaded when the script has made its imports."""

    with open(script, encoding="utf-8") as f:
        imports = [ast.unparse(node) for node in ast.walk(ast.parse(f.read()))
                   if isinstance(node, (ast.Import, ast.ImportFrom))]

    program = "\n".join(imports + [
        "import encodings.ascii, encodings.utf_8, sys",
        "for m in sys.modules.values(): print(getattr(m, '__file__', ''))"])

    return set(subprocess.run([PYTHON, "-I", "-c", program], check=True,
                              capture_output=True, text=True).stdout.split())


def libraries(path):
    lines = subprocess.run(["ldd", path], check=True, capture_output=True,
                           text=True).stdout
    return re.findall(r"(/\S+) \(0x", lines)


def main(script, root):
    files = sorted(f for f in modules(script) if f.startswith("/usr/lib/"))

    for path in files:
        target = copy(path, root)
        if path.endswith(".py"):
            py_compile.compile(
                target, dfile=path, doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)

    for path in [PYTHON] + [f for f in files if f.endswith(".so")]:
        copy(path, root)
        for library in libraries(path):
            copy(library, root)

    os.symlink(os.path.basename(PYTHON), root + "/usr/bin/python3")


main(*sys.argv[1:])
