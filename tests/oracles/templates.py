"""/usr/bin/python3 tests/oracles/templates.py: makes tests/oracles/templates/ anew.

What jinja2 renders of templates, set up as transformers does it (utils/chat_template_utils.py): each case is a template, its
variables, and either its text or that it fails. The templates are in tests/oracles/templates.txt.
"""
import datetime
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2024, 2, 3, 14, 5, 6)


class Generation(jinja2.ext.Extension):
    """The tag of transformers around what the assistant says; without asking for its place it only renders."""

    tags = {'generation'}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(['name:endgeneration'], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method('_said'), [], [], body).set_lineno(line)

    def _said(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters['tojson'] = tojson
    made.globals['raise_exception'] = raise_exception
    made.globals['strftime_now'] = NOW.strftime
    return made


def answer(template, variables):
    try:
        return {'text': environment().from_string(template).render(**variables)}
    except Exception as error:
        return {'fails': type(error).__name__}


def oracle():
    return {'program': f'jinja2 {jinja2.__version__}', 'by': f'Python {sys.version.split()[0]}', 'script': 'tests/oracles/templates.py', 'now': NOW.isoformat() + 'Z'}


def cases(text):
    """Files, in them cases: "=== FILE", "--- NAME" or "--- NAME: VARIABLES as JSON", then the template."""
    files, case = {}, None
    for line in text.split('\n'):
        if line.startswith('=== '):
            files[line[4:]] = current = {}
        elif line.startswith('--- '):
            name, _, given = line[4:].partition(': ')
            case = current[name] = {'given': given, 'lines': []}
        elif case is not None:
            case['lines'].append(line)
    return files


def main():
    files = cases((HERE / 'templates.txt').read_text(encoding='utf-8').rstrip('\n'))
    shared = {name: json.loads(case['given']) for name, case in files.pop('variables').items()}
    for file, named in files.items():
        out = {}
        for name, case in named.items():
            given = case['given']
            variables = shared[given] if given in shared else json.loads(given or '{}')
            template = '\n'.join(case['lines'])
            out[name] = {'template': template, 'variables': variables, **answer(template, variables)}
        with open(HERE / 'templates' / f'{file}.json', 'w', encoding='utf-8') as to:
            json.dump({'oracle': oracle(), 'cases': out}, to, ensure_ascii=False, indent=1)
            to.write('\n')


if __name__ == '__main__':
    main()
