// c[*, m, n] = a[*, m, k] · b[*, k, n]. A workgroup makes 64 × 32 elements of c, each of its invocations 8 × 4, whose
// sums are in registers. Beyond the matrices the last row and column are read once more. a and b may be of halves.
// Where rows are whole fours they are read and written by fours: a software adapter loads four numbers in hardly more time than one.

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let across = (call.n + 31u) / 32u;
    let down = (call.m + 63u) / 64u;
    let index = call.first + group.x;
    let batch = index / (across * down);
    let row = index / across % down * 64u + local.y * 8u;
    let column = index % across * 32u + local.x * 4u;
    if (row >= call.m || column >= call.n) {
        return;
    }
    let upper = rows_from(batch, row);
    let lower = rows_from(batch, row + 4u);
    let columns = min(vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(call.n - 1u));
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    var sums4 = vec4<f32>();
    var sums5 = vec4<f32>();
    var sums6 = vec4<f32>();
    var sums7 = vec4<f32>();
    for (var p = call.begin; p < call.end; p++) {
        let at = columns + vec4<u32>((batch * call.k + p) * call.n);
        let right = vec4<f32>(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
        sums0 += f32(a[upper.x + p]) * right;
        sums1 += f32(a[upper.y + p]) * right;
        sums2 += f32(a[upper.z + p]) * right;
        sums3 += f32(a[upper.w + p]) * right;
        sums4 += f32(a[lower.x + p]) * right;
        sums5 += f32(a[lower.y + p]) * right;
        sums6 += f32(a[lower.z + p]) * right;
        sums7 += f32(a[lower.w + p]) * right;
    }
    add_to(batch, row, column, sums0);
    add_to(batch, row + 1u, column, sums1);
    add_to(batch, row + 2u, column, sums2);
    add_to(batch, row + 3u, column, sums3);
    add_to(batch, row + 4u, column, sums4);
    add_to(batch, row + 5u, column, sums5);
    add_to(batch, row + 6u, column, sums6);
    add_to(batch, row + 7u, column, sums7);
}

// The same where k and n are multiples of 4.
@compute @workgroup_size(8, 8)
fn fours(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let across = (call.n + 31u) / 32u;
    let down = (call.m + 63u) / 64u;
    let index = call.first + group.x;
    let batch = index / (across * down);
    let row = index / across % down * 64u + local.y * 8u;
    let column = index % across * 32u + local.x * 4u;
    if (row >= call.m || column >= call.n) {
        return;
    }
    let upper = rows_from(batch, row) / 4u;
    let lower = rows_from(batch, row + 4u) / 4u;
    let stride = call.n / 4u;
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    var sums4 = vec4<f32>();
    var sums5 = vec4<f32>();
    var sums6 = vec4<f32>();
    var sums7 = vec4<f32>();
    for (var p = call.begin / 4u; p < call.end / 4u; p++) {
        let at = (batch * call.k + 4u * p) * stride + column / 4u;
        let right = mat4x4<f32>(vec4<f32>(b_fours[at]), vec4<f32>(b_fours[at + stride]),
            vec4<f32>(b_fours[at + 2u * stride]), vec4<f32>(b_fours[at + 3u * stride]));
        sums0 += right * vec4<f32>(a_fours[upper.x + p]);
        sums1 += right * vec4<f32>(a_fours[upper.y + p]);
        sums2 += right * vec4<f32>(a_fours[upper.z + p]);
        sums3 += right * vec4<f32>(a_fours[upper.w + p]);
        sums4 += right * vec4<f32>(a_fours[lower.x + p]);
        sums5 += right * vec4<f32>(a_fours[lower.y + p]);
        sums6 += right * vec4<f32>(a_fours[lower.z + p]);
        sums7 += right * vec4<f32>(a_fours[lower.w + p]);
    }
    add_four(batch, row, column, sums0);
    add_four(batch, row + 1u, column, sums1);
    add_four(batch, row + 2u, column, sums2);
    add_four(batch, row + 3u, column, sums3);
    add_four(batch, row + 4u, column, sums4);
    add_four(batch, row + 5u, column, sums5);
    add_four(batch, row + 6u, column, sums6);
    add_four(batch, row + 7u, column, sums7);
}

fn add_four(batch: u32, row: u32, column: u32, sums: vec4<f32>) {
    if (row < call.m) {
        c_fours[((batch * call.m + row) * call.n + column) / 4u] += sums;
    }
}

// Where in a four rows begin.
fn rows_from(batch: u32, row: u32) -> vec4<u32> {
    let four = min(vec4<u32>(row) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(call.m - 1u));
    return (vec4<u32>(batch * call.m) + four) * call.k;
}

fn add_to(batch: u32, row: u32, column: u32, sums: vec4<f32>) {
    if (row >= call.m) {
        return;
    }
    var four = sums;
    let at = (batch * call.m + row) * call.n + column;
    for (var j = 0u; j < min(4u, call.n - column); j++) {
        c[at + j] += four[j];
    }
}
