// tier: quick
/** What is checked of a grammar before the engine gets it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../page/src/engine/failure.js';
import { checkGrammar, parseGrammar } from '../../page/src/chat/grammar.js';
import { GrammarCost } from '../../page/src/chat/grammar_cost.js';
import { matcher } from './support/gbnf.mjs';

/** Grammars, and what their messages say. */
const refused = (cases) => {
    for (const [grammar, message] of cases) {
        assert.throws(() => checkGrammar(grammar), (error) => {
            assert(error instanceof Failure, String(error));
            assert.equal(error.code, 'input_invalid');
            assert.equal(error.field, 'options.grammar');
            assert.match(error.message, message);
            assert(error.expected);
            return true;
        }, String(grammar).slice(0, 80));
    }
};

test('the language: literals, classes, groups, repeats, comments, names', () => {
    const isIt = matcher([
        '# a list of words', 'root ::= "[" item ("," item)* "]" # and no more',
        'item ::= word |', '  number # in the next line', 'word-2 ::= .', 'word ::= [a-z\\x41-\\u005A] [^"\\]\\-\\n]{0,3}',
        'number ::= [0-9]{2} | [1-9] ( "." ( ', '[0-9] # inside of brackets lines may end', ')+ )?', '',
    ].join('\n'));
    for (const text of ['[a]', '[Zbc,10]', '[7]', '[1.25,x😀y]']) assert(isIt(text), text);
    for (const text of ['[]', '[a', '[aaaaa]', '[100]', '[1.]', '[a]]', '[a-]']) assert(!isIt(text), text);
    assert(matcher('root ::= "\\t\\r\\n\\\\\\"\\[\\]\\x41\\u00e9\\U0001F600é"\r\n')('\t\r\n\\"[]Aé😀é'));
});

test('what is no grammar, with the place of the error', () => {
    refused([
        ['', /no rule "root"/],
        [17, /not a string/],
        ['a ::= "b"', /no rule "root"/],
        ['root = "b"', /"::=" is expected .*\(line 1, column 6\)/],
        ['root ::= "a"\nb_c ::= "b"', /"::=" .*\(line 2, column 2\)/],
        ['root ::= "a', /ends inside a literal/],
        ['root ::= [a', /ends inside/],
        ['root ::= []', /empty/],
        ['root ::= [z-a]', /begins after its end/],
        ['root ::= "\\q"', /unknown escape/],
        ['root ::= "\\u12"', /names no character/],
        ['root ::= "\\U00110000"', /names no character/],
        ['root ::= ("a"', /"\)" is expected/],
        ['root ::= "a")', /"\)" is not expected/],
        ['root ::= *', /nothing to repeat/],
        ['root ::= ""*', /nothing to repeat/],
        ['root ::= "a"{x}', /a number is expected/],
        ['root ::= "a"{3,1}', /ends before it begins/],
        ['root ::= "a"{1;2}', /"}" is expected/],
        ['root ::= <think>', /tokens/],
        ['root ::= !<[7]>', /tokens/],
        ['root ::= other', /"other" that it does not have/],
        ['root ::= "a"\nroot ::= "b"', /twice/],
        ['root ::= "\0"', /NUL/],
        ['root ::= "\ud800"', /surrogate/],
    ]);
});

test('left recursion is refused, plain or hidden, and other recursion is not', () => {
    refused([
        ['root ::= root "a" | "b"', /begins with itself/],
        ['root ::= a\na ::= b "x"\nb ::= (a | "c")', /begins with itself/],
        ['root ::= a root "b" | "c"\na ::= "" | "x"', /begins with itself/],
        ['root ::= a root "b" | "c"\na ::= b\nb ::= c c\nc ::= "x"?', /begins with itself/],
        ['root ::= ("a"?)*', /repeats without end/],
        ['root ::= "x" a\na ::= "y" ("z" ("a"?)+)', /repeats without end/],
        ['root ::= (a a)+ "b"\na ::= [x]*', /repeats without end/],
    ]);
    const isIt = matcher('root ::= "(" root ")" | "x" tail\ntail ::= "" | "y" tail');
    assert(isIt('((xyy))') && !isIt('((x)'));
});

const costly = (error) => {
    assert.deepEqual([error.code, error.field], ['grammar_too_costly', 'options.grammar'], String(error));
    assert(error.expected);
    return true;
};
/** Grammars that can be read in many ways. */
const bomb = (first) => [`root ::= ${first}`, 'a ::= b b b b b b b b', 'b ::= c c c c c c c c', 'c ::= [a-z]{0,50} [a-z]{0,50} [a-z]{0,50}'].join('\n');
const LETTERS = ['[a-z]', '[a-y]', '[a-x]', '[a-w]', '[a-v]', '[a-u]', '[a-t]', '[a-s]'].join(' | ');

test('a grammar that can be read in too many ways is refused, wherever in it', () => {
    for (const grammar of [bomb('(a|a)(a|a)(a|a)'), bomb('(a|a)(a|a)'), bomb('"x"{500} "y" a'), `root ::= (${LETTERS})*`, `root ::= "x"{99} y\ny ::= (${LETTERS})+`]) {
        assert.throws(() => checkGrammar(grammar), costly, grammar);
    }
    const words = Array.from({ length: 3000 }, (_, i) => JSON.stringify(`a value ${i}`)).join(' | ');
    for (const grammar of [`root ::= ${words}`, 'root ::= ([a-z]+ " "?)*', 'root ::= [a-z]{0,900} [a-z]{0,900}', 'root ::= "(" root ")" | [a-z]+ root?']) {
        checkGrammar(grammar);
    }
});

test('what a grammar costs is watched along an answer', () => {
    const grammar = `root ::= ${'a '.repeat(7)}\na ::= [a-z]{0,150}`;
    checkGrammar(grammar);
    const rules = parseGrammar(grammar);
    const watched = new GrammarCost(rules), other = new GrammarCost(rules);
    for (let i = 0; i < 5; i++) watched.add('abcd');
    other.add('Z'.repeat(5000)); // that is none of its texts
    assert.throws(() => watched.add('abcd'.repeat(100)), { code: 'grammar_too_costly' });
});

test('nothing that is written in a few bytes grows in the engine', () => {
    const nested = (depth) => `root ::= ${'('.repeat(depth)}"a"${')'.repeat(depth)}`;
    checkGrammar(nested(32));
    checkGrammar('root ::= "a"{1999}');
    checkGrammar('root ::= a{500,900} a{0,1000}\na ::= "b" | "c" "d"');
    const chain = (length) => Array.from({ length }, (_, i) => `r${i} ::= r${i + 1}`).join('\n') + `\nr${length} ::= "x"\nroot ::= r0`;
    checkGrammar(chain(200));
    refused([
        [nested(33), /more than 32 brackets/],
        [nested(30000), /more than 32 brackets/],
        ['root ::= "a"{1000000}', /repeats/],
        ['root ::= "a"{1e6}', /expected/],
        ['root ::= "a"{99999999999999999999,}', /repeats/],
        ['root ::= "a"{2000}', /a repeat of 2000 or more/],
        ['root ::= "a"{1500} "b"{501}', /more than 2000 repeats in sum/],
        ['root ::= ("a" | ("b" | ("c"))){700}', /brackets count/],
        ['root ::= "a"{44}{46}', /a repeat of 2000 or more/],
        [`root ::= "${'a'.repeat(1000)}"{100}`, /written out/],
        [`root ::= ${'"a"? '.repeat(30000)}`, /65536 bytes/],
        [`root ::= "${'é'.repeat(40000)}"`, /65536 bytes/],
        [chain(3000), /begin with each other/],
        ['root ::= a{300} "b"\na ::= "x"?', /begin with each other/],
    ]);
});

test('a wide grammar with many rules is checked, whatever their order', () => {
    const rules = Array.from({ length: 3000 }, (_, i) => `r${i} ::= "x" | r${i % 50 === 49 ? 'z' : i + 1}`);
    checkGrammar([...rules, 'r3000 ::= "y"', 'rz ::= "z"?', 'root ::= r0'].join('\n'));
    checkGrammar([...rules, 'r3000 ::= "y"', 'rz ::= "z"?', 'root ::= r0'].reverse().join('\n'));
});
