"""/usr/bin/python3 tests/oracles/templates_random.py [SEED] [COUNT] [FILE]: makes tests/oracles/templates_random.json anew.

Templates at random, and what jinja2 renders of them; set up as templates.py has it.
"""
import copy
import json
import pathlib
import random
import sys
import warnings

import templates

VARIABLES = {
    's': '  Hello, wörld!  ', 'w': 'one two  three', 'n': 7, 'f': 2.5, 'yes': True, 'no': False, 'nil': None, 'e': '', 'l': [3, 1, 2],
    'ws': ['b', 'A', 'c', 'a'], 'p': [{'name': 'Bo', 'age': 30, 't': ['x']}, {'name': 'al', 'age': 25}, {'name': 'Cy', 'age': 30, 't': []}],
    'd': {'b': 1, 'a': [1, 2.5, None, True], 'C': {'x': 'y'}}, 'o': 'a\'b"c\\d\n\té\u200b🙂',
}
ATOMS = [*VARIABLES, 'missing', "'a'", "'x y'", "''", '1', '0', '-2', '1.0', '0.5', 'none', 'true', '[]', '{}', "[1, 'b']", '(1, 2)', '()', "{'k': 1}", 'range(4)',
         "'é🙂'", 'd.a', 'd.zz', 'p[0]', 'p[0].name', 'ws[1:]', 'l[-1]']
OPERATORS = [*'+ - * / // % ~ == != < <= > >= in and or'.split(), 'not in']
FILTERS = ['upper', 'lower', 'trim', 'length', 'list', 'first', 'last', 'join', "join(',')", 'sort', 'sort(reverse=true)', 'unique|list', 'sum', 'min', 'max', 'reverse',
           'string', 'tojson', 'tojson(indent=2)', 'int', 'float', 'abs', 'round', 'round(1)', 'capitalize', 'title', "default('D')", "default('D', true)",
           "replace('a', '_')", "replace('', '-')", 'dictsort', 'items|list', "map('upper')|list", "map(attribute='name')|list", 'select|list', 'reject|list',
           "select('string')|list", "select('odd')|list", "selectattr('age')|list", 'batch(2)|list', 'slice(2)|list', 'wordcount', "truncate(5, true, '', 0)", 'indent',
           'indent(2, true, true)', 'center(9)', "trim('a')", "d('z')", 'e']
TESTS = ['defined', 'undefined', 'none', 'string', 'number', 'integer', 'float', 'boolean', 'mapping', 'iterable', 'sequence', 'odd', 'even', 'true', 'false', 'eq 1',
         "in [1, 'a']", 'callable', 'lower', 'upper', 'divisibleby 2', 'gt 1']
METHODS = ['strip()', "strip(' ')", "lstrip('aH ')", 'rstrip()', 'split()', "split(' ')", "split('o', 1)", "rsplit(' ', 1)", 'upper()', 'lower()', 'title()', 'capitalize()',
           "startswith('a')", "endswith('!')", "replace('o', '0')", "replace('o', '0', 1)", "find('o')", "count('o')", 'join(ws)', 'isdigit()', 'isalpha()', 'items()',
           'keys()', 'values()', "get('b')", "get('q', 'dd')", 'index(1)', 'splitlines()', 'zfill(5)', "center(8, '*')", 'ljust(6)', 'swapcase()', "partition(' ')", 'copy()',
           'name', 'age', 'isupper()', 'islower()', 'isspace()', "removeprefix('a')", 'append(1)']
ITEMS = ['[0]', '[-1]', '[1:]', '[:2]', '[::-1]', "['a']", "['name']", '[1]', '[::2]', '[5]', '[none]', '.0']
BODIES = ['{{ loop.index }}', '{{ x }}', '{{ loop.last }}', '{% set n = x %}{{ n }}', '{% if x == 1 %}{% break %}{% endif %}', '{% continue %}', '{{ loop.length }}']


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, choices):
        return self.random.choice(choices)

    def expression(self, depth):
        part = lambda: self.expression(depth - 1)
        if depth <= 0:
            return self.one(ATOMS)
        return self.one([
            lambda: self.one(ATOMS), lambda: self.one(ATOMS), lambda: f'({part()})', lambda: f'[{part()}, {part()}]',
            lambda: f"{{'a': {part()}, 'name': {part()}}}", lambda: self.one(['not ', '-', '+']) + part(),
            lambda: f'({part()} if {part()}{self.one(["", " else " + part()])})', lambda: f'({part()}) is {self.one(["", "not "])}{self.one(TESTS)}',
            *[lambda: f'{part()} {self.one(OPERATORS)} {part()}'] * 3, *[lambda: f'{part()}|{self.one(FILTERS)}'] * 3,
            *[lambda: f'({part()}).{self.one(METHODS)}'] * 3, *[lambda: f'({part()}){self.one(ITEMS)}'] * 2,
        ])()

    def tag(self, text):
        return '{%' + self.one(['', '', '-', '+']) + f' {text} ' + self.one(['', '', '-', '+']) + '%}'

    def space(self):
        return self.one(['', ' ', '\n', '  \n', '\n  ', 'a', 'a\n'])

    def output(self):
        return self.space() + '{{' + self.one(['', '-']) + f' {self.expression(2)} ' + self.one(['', '-']) + '}}' + self.space()

    def block(self, depth):
        inner, tag, space, value = lambda: self.block(depth - 1), self.tag, self.space, self.expression
        if depth <= 0:
            return self.output()
        return self.one([
            self.output, lambda: inner() + inner(),
            lambda: space() + tag(f'if {value(2)}') + inner() + self.one(['', tag('else') + inner()]) + tag('endif') + space(),
            lambda: space() + tag(f'for x in {value(1)}{self.one(["", " if x"])}') + self.one(BODIES) + inner() + tag('endfor') + '{{ n }}',
            lambda: tag(f'set {self.one(["n", "q", "s"])} = {value(2)}') + inner(), lambda: tag('set q') + inner() + tag('endset') + '[{{ q }}]',
            lambda: tag('macro m(a, b=n)') + '{{ a }}{{ b }}' + inner() + tag('endmacro') + f'{{{{ m({value(1)}) }}}}',
            lambda: space() + '{#' + self.one(['', '-']) + ' c ' + self.one(['', '-']) + '#}' + space() + inner(),
            lambda: tag('raw').replace('+%}', '%}') + space() + '{{ a }}' + space() + tag('endraw') + space(), lambda: tag('filter upper') + inner() + tag('endfilter'),
        ])()


def main(seed='51', count='400', file=str(pathlib.Path(__file__).parent / 'templates_random.json')):
    warnings.simplefilter('ignore')
    maker, cases = Maker(int(seed)), []
    while len(cases) < int(count):
        template = maker.block(3) if len(cases) % 2 else '{{ ' + maker.expression(3) + ' }}'
        made = templates.answer(template, copy.deepcopy(VARIABLES))
        # Most that fail do so for the same few reasons; of what is no text but an address there is nothing to compare.
        if len(template) < 300 and ' at 0x' not in made.get('text', '') and ('text' in made or maker.random.random() < 0.1):
            cases.append({'template': template, **made})
    oracle = {**templates.oracle(), 'script': 'tests/oracles/templates_random.py'}
    lines = ',\n'.join(json.dumps(case, ensure_ascii=False) for case in cases)
    with open(file, 'w', encoding='utf-8') as to:
        to.write(f'{{"oracle": {json.dumps(oracle)}, "variables": {json.dumps(VARIABLES, ensure_ascii=False)}, "cases": [\n{lines}\n]}}\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
