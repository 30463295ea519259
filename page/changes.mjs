/** The changes to files of packages before the page uses them; a place that is not found exactly once is an error. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HELD } from './src/engine/wasm_tensors.js';

/** @param {string} script @param {string[][]} changes what is replaced with what @param {string} where */
export function replaceOnce(script, changes, where) {
    for (const [pattern, replacement] of changes) {
        const [before, after, ...more] = script.split(pattern);
        if (after === undefined || more.length > 0) throw new Error(`"${pattern}" is not once in ${where}`);
        script = before + replacement + after;
    }
    return script;
}

const held = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src/engine/wasm_tensors.js');
/** Changes for a result that the run's option `stay` names: a tensor for it, that tensor as an input, and its data in
 * place. The names are those of onnxruntime-web's minified script, the smallest of its forms. */
const HOLDING = [
    ['{let U=un(P),L=new U(j);', '{let U=un(P);if(j>0&&i.stay?.[o[y]])'
        + `{oe=!0,z.push([P,H,{wasm:s,data:new U(s.HEAPU8.buffer,C,j),handle:W},"${HELD}"]);continue}let L=new U(j);`],
    ['case"cpu":return new G(e[0],e[2],e[1]);',
        `case"cpu":return new G(e[0],e[2],e[1]);case"${HELD}":return heldTensor(G,e[0],e[1],e[2]);`],
    ['case"cpu":return[e.type,e.dims,e.data,"cpu"];', `case"cpu":case"${HELD}":return[e.type,e.dims,e.data,"cpu"];`],
    ['else h=m.byteLength,p=a._malloc(h),n.push(p),a.HEAPU8.set(new Uint8Array(m.buffer,m.byteOffset,h),p)}}let b=',
        'else h=m.byteLength,isHeld(m,a)?p=m.byteOffset'
        + ':(p=a._malloc(h),n.push(p),a.HEAPU8.set(new Uint8Array(m.buffer,m.byteOffset,h),p))}}let b='],
];

/** onnxruntime-web's plain build, whose results stay in WASM memory where a run asks for it (src/engine/wasm_tensors.js).
 * @param {string} script @returns {string} */
export const holding = (script) =>
    `import { heldTensor, isHeld } from ${JSON.stringify(held)};\n${replaceOnce(script, HOLDING, 'onnxruntime-web/wasm')}`;

/** How often a helper thread of onnxruntime-web polls for work before it sleeps; this takes a millisecond. The published
 * number, 2^20, keeps a core busy for 50 ms after each run, and the threads that bring the next run need that core. */
const LOOKS = 1 << 14;
/** The position of that number, in LEB128: after the check whether a thread pool was given a time (`i32.lt_s`), in the
 * forms in which clang and binaryen's asyncify leave the surrounding code. */
const LOOKS_AT = /(?<=\x48(?:\x04\x7f|\x21\x00\x0b)\x41)\x80\x80\xc0\x00/gs;

/** onnxruntime-web's WASM with helper threads that sleep after a millisecond without work.
 * @param {Buffer} wasm @returns {Buffer} of the same length */
export function sleepingSoon(wasm) {
    const places = [...wasm.toString('latin1').matchAll(LOOKS_AT)];
    if (places.length !== 1) throw new Error(`the looks of a helper thread are ${places.length} times in onnxruntime-web's WASM`);
    const changed = Buffer.from(wasm);
    // As long as the old number: each byte but the last says that another follows.
    for (let i = 0; i < 4; i++) changed[places[0].index + i] = LOOKS >> 7 * i & 0x7f | (i < 3 ? 0x80 : 0);
    return changed;
}
