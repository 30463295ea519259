// tier: quick
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCaller } from '../../page/src/engine/callers.js';

const values = { 1: (...args) => ['called', ...args], 2: { ask: (...args) => ['asked', ...args] }, 3: class { constructor(a) { this.a = a; } } };
const scope = {
    toValue: (handle) => values[handle],
    argFromPtr0: (at) => `a${at}`,
    argFromPtr1: (at) => `b${at}`,
    getStringOrSymbol: () => 'ask',
    toReturnWire: 'wire',
    emval_returnValue: (wire, destructors, value) => [wire, destructors, value],
};
const body = (text) => `return function (handle, methodName, destructorsRef, args) {\n  ${text}\n  }`;
const returned = (text) => body(`return emval_returnValue(toReturnWire, destructorsRef, ${text})`);
const ARGS = '(argFromPtr0(args),argFromPtr1(args+8))';

/** The caller made of the text, as ours and as the language would make it. */
function both(text) {
    const names = Object.keys(scope);
    const ours = makeCaller(names, text)(...Object.values(scope));
    const theirs = new Function(names, text)(...Object.values(scope));
    return [ours, theirs];
}

test('callers do what their text says', () => {
    for (const [text, handle] of [
        [returned(`toValue(handle)${ARGS}`), 1],
        [returned('toValue(handle)()'), 1],
        [returned(`toValue(handle)[getStringOrSymbol(methodName)]${ARGS}`), 2],
        [body(`toValue(handle)[getStringOrSymbol(methodName)]${ARGS}`), 2],
        [returned('new (toValue(handle))(argFromPtr0(args))'), 3],
        [returned('(argFromPtr0(args))'), 0],
    ]) {
        const [ours, theirs] = both(text);
        assert.deepEqual(ours(handle, 0, 7, 100), theirs(handle, 0, 7, 100), text);
    }
});

test('any other text is refused', () => {
    for (const text of ['return 1', returned('toValue(handle)(alert(1))'), returned('alert(argFromPtr0(args))'),
        body('fetch(1); toValue(handle)(argFromPtr0(args))')]) {
        assert.throws(() => makeCaller(Object.keys(scope), text), EvalError, text);
    }
});
