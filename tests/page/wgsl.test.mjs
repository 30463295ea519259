// tier: quick
/** What is known of a client's WGSL before a browser gets it (page/src/engine/wgsl.js). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Wgsl } from '../../page/src/engine/wgsl.js';

/** The size of a workgroup of `main`, where `size` is what `@workgroup_size` has. */
function sizeOf(size, { before = '', constants = {} } = {}) {
    const wgsl = new Wgsl(`${before}\n@compute @workgroup_size(${size}) fn main() {}`), entry = wgsl.entries.get('main');
    assert.ok(entry);
    return wgsl.sizeOf(entry, constants);
}

test('an entry is found with its place, and only one that computes is one', () => {
    const wgsl = new Wgsl(`enable f16; struct S { @align(16) a: f32, }
/* fn gone() { /* @compute fn inner() {} */ */ // @compute fn line() {}
fn helper(a: f32) -> f32 { return a; }
  @compute @workgroup_size(8, 2) fn first(@builtin(global_invocation_id) id: vec3u) { if (id.x < 1u) { return; } }
@workgroup_size(1) @compute
fn second() {}
@fragment fn colour() -> @location(0) vec4f { return vec4f(); }`);
    assert.deepEqual([...wgsl.entries.keys()], ['first', 'second']);
    assert.deepEqual(wgsl.placeOf(wgsl.entries.get('first').at), { line: 4, column: 34 });
    assert.deepEqual(wgsl.placeOf(wgsl.entries.get('second').at), { line: 6, column: 1 });
});

test('the size of a workgroup is reckoned', () => {
    for (const [size, expected] of [
        ['64', [64, 1, 1]], ['8, 4,', [8, 4, 1]], ['0x10u, 2i, 3', [16, 2, 3]], ['2 * (3 + 1) - 1', [7, 1, 1]],
        ['1u << 8', [256, 1, 1]], ['7 / 2, 7 % 4', [3, 3, 1]], ['max(4, 8), u32(2)', [8, 2, 1]], ['-(-4)', [4, 1, 1]],
        ['(8) /* , 9 */, 2', [8, 2, 1]],
    ]) assert.deepEqual(sizeOf(size), expected, size);
});

test('overrides have what they are given, by their id where they have one, and what they say otherwise', () => {
    const before = 'override a: u32 = 4u; @id(7) override b = a * 2; const c = b + 1u; override d: u32;';
    assert.deepEqual(sizeOf('a, b, c', { before }), [4, 8, 9]);
    assert.deepEqual(sizeOf('a, b, c', { before, constants: { a: 16 } }), [16, 32, 33]);
    assert.deepEqual(sizeOf('a, b, c', { before, constants: { 7: 3, b: 100, c: 100 } }), [4, 3, 4]);
    assert.equal(sizeOf('d', { before }), null);
    assert.deepEqual(sizeOf('d', { before, constants: { d: 5 } }), [5, 1, 1]);
});

test('what cannot be told is none, and ends soon', () => {
    for (const size of ['', '0', '-1', '1.5', 'nothing', 'f(2)', '1 +', '4 4', 'a.x', '1 / 0'])
        assert.equal(sizeOf(size), null, size);
    assert.equal(sizeOf('a', { before: 'const a = b; const b = a;' }), null);
    const doubled = Array.from({ length: 60 }, (_, i) => `const a${i + 1} = a${i} + a${i};`).join('');
    assert.equal(sizeOf('a60', { before: `const a0 = 1;${doubled}` }), null); // more than counts exactly
    assert.equal(sizeOf(`${'('.repeat(20_000)}1${')'.repeat(20_000)}`), null);
    const chain = Array.from({ length: 3000 }, (_, i) => `const c${i} = c${i + 1};`).join('');
    assert.equal(sizeOf('c0', { before: `${chain}const c3000 = 1;` }), null);
    for (const source of ['@', '@compute', '@compute @workgroup_size(', 'fn', '/*', '{', 'override', '@compute fn', ')))', '// ']) new Wgsl(source);
});
