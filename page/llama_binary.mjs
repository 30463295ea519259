/**
 * Changes the pinned binaries of llama.cpp (npm @wllama) before the page uses them. The places are those of the
 * versions in package-lock.json. It is an error if a binary has another SHA-256, if a place is not found exactly
 * once, or if the result's SHA-256 is not the tested one.
 *
 * Each change is given as WebAssembly's bytes, with the instructions next to them. The names are those of
 * wllama's cpp/wllama-context.h and of llama.cpp.
 */
import { createHash } from 'node:crypto';

/** @typedef {{what: string, before: string, after: string}} Change bytes as hexadecimal digits */
/** @typedef {{given: string, made: string, changes: Change[]}} Binary both as SHA-256 */

const STEP = 'get_result computes a step only if no result is waiting; it used to compute one for all slots and then '
    + 'return one result, so that each of four streams got only a quarter of its tokens until the end';
const CACHE = 'no prompts are kept in memory apart from the slots\' caches: cache_ram_mib is 0 instead of 8192, which the '
    + 'memory budget would not see';
const WHOLE = 'a token that ends within a character is reported like any other (validate_utf8 finds each text complete); it used to '
    + 'be held back, and if several made one character, only the last was named, with its own likelihood';
const CHUNK = 'a step reads as many tokens of a prompt as the number at the address 1016 says, where it is not 0 (below 1024 '
    + 'emscripten puts nothing, and llama.cpp writes a few numbers through null pointers, next to 0); it used to read n_batch, which is given with the model';
const TEXT = 'bytes that are no UTF-8 become U+FFFD in a result\'s JSON (error_handler_t::replace) instead of an exception';

/** @type {Record<string, Binary>} */
const BINARIES = {
    jspi64: {
        given: '551f13439366eff11e057b1b91fe46a7fdac29d56d67372d4c5f19a549dfe70c',
        made: 'e68585205ddb86654a779f1f8387da4b22af7dcdc1b6c45c44dcc6b82d7b9c18',
        changes: [
            { what: STEP,
                // local.get 1, i64.load 24, local.set 5 (the reader), try, call start_loop
                before: '2001 290318 2105 0640 10ca14',
                // …, if queue_results.end() = begin(): call start_loop
                after: '2001 290318 2105 0640 2005 290330 220a 290338 200a 290330 51 0440 10ca14 0b' },
            { what: CACHE,
                // local.get 0, i32.load 5684 (cache_ram_mib), local.tee 20, if
                before: '2000 2802b42c 2214 0440',
                // local.get 0, drop, i32.const 0, nop, …
                after: '2000 1a 4100 01 2214 0440' },
            { what: CHUNK,
                // pre_decode: local.get 1, local.get 0, i64.load 6632 (ctx_tgt), i32.load 16 (n_batch), i32.store 112
                before: '2001 2000 2903e833 280210 360270',
                // …, i64.const 1016, i32.load 0, …, i64.const 1016, i32.load 0, select, i32.store 112
                after: '2001 42f807 280200 2000 2903e833 280210 42f807 280200 1b 360270' },
            { what: TEXT,
                // dump(indent): local.get 0, 1, 2, i32.const 0 (strict), call
                before: '2000 2001 2002 4100 10fb14',
                after: '2000 2001 2002 4101 10fb14' },
            { what: WHOLE,
                // select, local.tee 4 (the length), i64.eqz, if, i64.const 0, return, end, block, local.get 4, i64.const 1
                before: '1b 2204 50 0440 4200 0f 0b 0240 2004 4201 7d 2203 2000 290300',
                // select, local.tee 4, return, …
                after: '1b 2204 0f 50 0440 4200 0f 0b 0240 2004 4201 7d 2203 2000 290300' },
        ],
    },
    compat32: {
        given: '2db3f67d0bcc19cdf8f14f129e46cab691bff898954808f8a2dc4c586eb5bb68',
        made: '0ca2d0be55fb7300b868c9d44f57cfc43d08f8b2a63e87d24e409fe91f085f42',
        changes: [
            { what: STEP,
                // state = 0 (not unwinding) or call 4 is gone on with: invoke start_loop
                before: '230b45 2006 4104 46 72 0440 41fa25 2001 1009',
                // state = 0 and queue_results.end() = begin(), or …
                after: '230b45 047f 2002 280218 280218 2002 280218 28021c 46 05 4100 0b 2006 4104 46 72 0440 41fa25 2001 1009' },
            { what: CACHE,
                // local.get 0, i32.load 4560 (cache_ram_mib), local.tee 2, i32.eqz, local.tee 3, br_if 5
                before: '2000 2802d023 2202 45 2203 0d05',
                after: '2000 1a 4100 01 2202 45 2203 0d05' },
            { what: CHUNK,
                // pre_decode: …, i32.eq, local.tee 2, br_if 3, local.get 3, local.get 1 (n_batch), i32.store 80
                before: '46 2202 0d03 2003 2001 360250',
                // …, i32.const 1016, i32.load 0, local.get 1, i32.const 1016, i32.load 0, select, i32.store 80
                after: '46 2202 0d03 2003 41f807 280200 2001 41f807 280200 1b 360250' },
            { what: TEXT,
                // i32.const 2853, local.get 0, 1, 2, i32.const 32, 0, 0 (strict): invoke dump
                before: '41a516 2000 2001 2002 4120 4100 4100 100e',
                after: '41a516 2000 2001 2002 4120 4100 4101 100e' },
            { what: WHOLE,
                // select, local.tee 2 (the length), i32.eqz, br_if 0, local.get 2, i32.const 1, i32.sub
                before: '1b 2202 45 0d00 2002 4101 6b 2201 2000 280200 2205 2000 2006',
                // select, local.tee 2, return, …
                after: '1b 2202 0f 45 0d00 2002 4101 6b 2201 2000 280200 2205 2000 2006' },
        ],
    },
};

const CODE = 10; // the section's number
const HEADER = 8; // bytes before the first section

/** @param {string} digits */
const bytesOf = (digits) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

/** @param {Buffer} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A number in LEB128. @param {Buffer} bytes @param {number} at @returns {[number, number]} it, and where it ends */
function readNumber(bytes, at) {
    let value = 0, shift = 0, byte;
    do {
        byte = bytes[at++];
        value += (byte & 0x7f) * 2 ** shift;
        shift += 7;
    } while (byte & 0x80);
    return [value, at];
}

/** @param {number} value */
function numberOf(value) {
    const bytes = [];
    for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push(value % 128 | 0x80);
    return Buffer.from([...bytes, value]);
}

/** @param {Buffer} body of a function @param {Change[]} changes @param {Map<Change, number>} found how often each was */
function changeBody(body, changes, found) {
    for (const change of changes) {
        const before = bytesOf(change.before);
        for (let at = body.indexOf(before); at >= 0; at = body.indexOf(before, at + 1)) {
            found.set(change, (found.get(change) ?? 0) + 1);
            body = Buffer.concat([body.subarray(0, at), bytesOf(change.after), body.subarray(at + before.length)]);
        }
    }
    return body;
}

/** The code section's content, with the bodies changed and their lengths as they are then.
 * @param {Buffer} code @param {Change[]} changes @param {string} where */
function changeCode(code, changes, where) {
    const found = new Map();
    let [count, at] = readNumber(code, 0);
    const parts = [code.subarray(0, at)];
    for (; count > 0; count--) {
        const [length, begin] = readNumber(code, at);
        const body = changeBody(code.subarray(begin, begin + length), changes, found);
        parts.push(numberOf(body.length), body);
        at = begin + length;
    }
    for (const change of changes) {
        if (found.get(change) !== 1) throw new Error(`${found.get(change) ?? 0} places in ${where}, and not one: ${change.what}`);
    }
    return Buffer.concat(parts);
}

/** llama.cpp's binary as the page has it. @param {string} build jspi64, compat32 @param {Buffer} wasm */
export function changedLlama(build, wasm) {
    const { given, made, changes } = BINARIES[build];
    if (sha256(wasm) !== given) throw new Error(`the binary of ${build} is not the one whose changes are known: ${sha256(wasm)}`);
    const parts = [wasm.subarray(0, HEADER)];
    for (let at = HEADER; at < wasm.length;) {
        const [length, begin] = readNumber(wasm, at + 1);
        const content = wasm.subarray(begin, begin + length);
        const changed = wasm[at] === CODE ? changeCode(content, changes, build) : content;
        parts.push(wasm.subarray(at, at + 1), numberOf(changed.length), changed);
        at = begin + length;
    }
    const result = Buffer.concat(parts);
    if (sha256(result) !== made) throw new Error(`the changed binary of ${build} is not the one that was tried: ${sha256(result)}`);
    return result;
}
