// The likeliest tokens by a row of logits: all from the K-th highest on, and some more where numbers are near each other.
// gpu_logits.js puts before it the constants LANES and GROUPS (invocations of a workgroup, and workgroups, of `measure`
// and `collect`), LEAST, TOP, SUMS and FOUND (places in `found`), and NOTHING, as in sampling.js.
//
// Numbers are compared by keys, which are in the order of the numbers they are made of: no adapter rounds these, or takes
// it that there is no NaN. The key of NaN, and of a token that was taken, is 0.

struct Call {
    first: u32,     // the place of the row's first number
    count: u32,     // the numbers of the row
    best: u32,      // how many are wanted at least
    room: u32,      // how many may be found
    taken: u32,     // the number of ids in `taken`
    halves: u32,    // 1: numbers of 16 bits
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read> taken: array<u32>;
@group(0) @binding(2) var<uniform> call: Call;
@group(0) @binding(3) var<storage, read_write> masks: array<atomic<u32>>; // a bit for each token, which is 1 if it was taken
@group(0) @binding(4) var<storage, read_write> tops: array<u32>; // the highest key that each invocation has met
// How many were found; LEAST and TOP, the lowest key that is looked for and the highest of all; SUMS, of e^x of those below
// for each workgroup; FOUND, ids and keys, in any order; and behind `room` of these the bits of the numbers that were taken.
@group(0) @binding(5) var<storage, read_write> found: array<atomic<u32>>;

const SIGN = 0x80000000u;

var<workgroup> reaching: atomic<u32>;
var<workgroup> shares: array<f32, LANES>;

fn infinity() -> u32 {
    return select(0x7f800000u, 0x7c000000u, call.halves == 1u);
}

// Of 16 bits, the others are 0.
fn bits_of(id: u32) -> u32 {
    let at = call.first + id;
    if (call.halves == 0u) {
        return logits[at];
    }
    let word = logits[at / 2u];
    return select(word << 16u, word & 0xffff0000u, at % 2u == 1u);
}

fn key_of(id: u32) -> u32 {
    let bits = bits_of(id);
    let size = bits & ~SIGN;
    let is_taken = (atomicLoad(&masks[id / 32u]) & (1u << (id % 32u))) != 0u;
    if (is_taken || size > infinity()) {
        return 0u;
    }
    return select(bits | SIGN, ~bits, bits > SIGN); // 0 and -0 are equal
}

fn value_of(key: u32) -> f32 {
    let bits = select(~key, key & ~SIGN, key >= SIGN);
    if (call.halves == 1u) {
        return unpack2x16float(bits >> 16u).x;
    }
    return bitcast<f32>(bits);
}

// Tokens whose numbers are needed whatever they are: these are read, and count for nothing else.
@compute @workgroup_size(LANES)
fn take(@builtin(global_invocation_id) at: vec3<u32>) {
    if (at.x >= call.taken) {
        return;
    }
    let id = taken[at.x];
    atomicOr(&masks[id / 32u], 1u << (id % 32u));
    atomicStore(&found[FOUND + 2u * call.room + at.x], bits_of(id));
}

@compute @workgroup_size(LANES)
fn measure(@builtin(global_invocation_id) at: vec3<u32>) {
    var top = 0u;
    for (var id = at.x; id < call.count; id += LANES * GROUPS) {
        top = max(top, key_of(id));
    }
    tops[at.x] = top;
}

// The highest key that as many of `tops` reach as are wanted, bit by bit: at least so many of all numbers reach it.
@compute @workgroup_size(LANES)
fn settle(@builtin(local_invocation_index) local: u32) {
    var least = 0u;
    var top = 0u;
    for (var bit = SIGN; bit > 0u; bit >>= 1u) {
        if (local == 0u) {
            atomicStore(&reaching, 0u);
        }
        workgroupBarrier();
        var own = 0u;
        for (var i = local; i < LANES * GROUPS; i += LANES) {
            own += select(0u, 1u, tops[i] >= (least | bit));
            top = max(top, tops[i]);
        }
        atomicAdd(&reaching, own);
        workgroupBarrier();
        if (atomicLoad(&reaching) >= call.best) {
            least |= bit;
        }
        workgroupBarrier();
    }
    atomicMax(&found[TOP], top);
    if (local == 0u) {
        atomicStore(&found[LEAST], max(least, 1u));
    }
}

@compute @workgroup_size(LANES)
fn collect(@builtin(global_invocation_id) at: vec3<u32>, @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>) {
    let least = atomicLoad(&found[LEAST]);
    let top = value_of(atomicLoad(&found[TOP]));
    var sum = 0.0;
    for (var id = at.x; id < call.count; id += LANES * GROUPS) {
        let key = key_of(id);
        if (key >= least) {
            let place = atomicAdd(&found[0], 1u);
            if (place < call.room) {
                atomicStore(&found[FOUND + 2u * place], id);
                atomicStore(&found[FOUND + 2u * place + 1u], key);
            }
        } else if (key > ~(infinity() | SIGN)) {
            let below = value_of(key) - top;
            if (below > -NOTHING) {
                sum += exp(below);
            }
        }
    }
    shares[local] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (local < half) {
            shares[local] += shares[local + half];
        }
        workgroupBarrier();
    }
    if (local == 0u) {
        atomicStore(&found[SUMS + group.x], bitcast<u32>(shares[0]));
    }
}
