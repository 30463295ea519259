// c[n, n] = a · b of two matrices that are made of a seed, which `scratch` has one behind the other. A workgroup makes
// 32 × 32 elements of c, each of its invocations 4 × 4. Beyond the matrices the last row and column are read once more.

// One to one, and each bit depends on all.
fn hash(value: u32) -> u32 {
    var x = value;
    x = (x ^ (x >> 16u)) * 0x7feb352du;
    x = (x ^ (x >> 15u)) * 0x846ca68bu;
    return x ^ (x >> 16u);
}

@compute @workgroup_size(256)
fn make(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let at = item(group.x, local.x, 256u);
    let elements = call.n * call.n;
    if (at >= 2u * elements) {
        return;
    }
    let seed = select(call.seed_low, call.seed_high, at >= elements);
    scratch[at] = f32(hash(hash(at % elements) ^ seed) % 129u) - 64.0;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let across = (call.n + 31u) / 32u;
    let index = call.first + group.x;
    let row = index / across * 32u + local.y * 4u;
    let column = index % across * 32u + local.x * 4u;
    if (row >= call.n || column >= call.n) {
        return;
    }
    let near = vec4<u32>(0u, 1u, 2u, 3u);
    let rows = min(vec4<u32>(row) + near, vec4<u32>(call.n - 1u)) * call.n;
    let columns = min(vec4<u32>(column) + near, vec4<u32>(call.n - 1u)) + vec4<u32>(call.n * call.n);
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    for (var p = call.begin; p < call.end; p++) {
        let at = columns + vec4<u32>(p * call.n);
        let right = vec4<f32>(scratch[at.x], scratch[at.y], scratch[at.z], scratch[at.w]);
        sums0 += scratch[rows.x + p] * right;
        sums1 += scratch[rows.y + p] * right;
        sums2 += scratch[rows.z + p] * right;
        sums3 += scratch[rows.w + p] * right;
    }
    add_to(row, column, sums0);
    add_to(row + 1u, column, sums1);
    add_to(row + 2u, column, sums2);
    add_to(row + 3u, column, sums3);
}

fn add_to(row: u32, column: u32, sums: vec4<f32>) {
    if (row >= call.n) {
        return;
    }
    var four = sums;
    for (var j = 0u; j < min(4u, call.n - column); j++) {
        c[row * call.n + column + j] += four[j];
    }
}
