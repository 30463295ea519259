// c[*, m, n] = a[*, m, k] · b[*, k, n]. An invocation makes 8 × 4 elements of c, 8 × 8 or 4 × 4, whose sums are in registers.
// Beyond the matrices the last row and column are read once more. a and b may be of halves.
// Where rows are whole fours they are read and written by fours: a software adapter loads four numbers in hardly more time than one.

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let block = block_of(call.first + group.x, 8u, 4u);
    let batch = block.x;
    let row = block.y + local.y * 8u;
    let column = block.z + local.x * 4u;
    if (row >= call.m || column >= call.n) {
        return;
    }
    let upper = rows_from(batch, row);
    let lower = rows_from(batch, row + 4u);
    let columns = columns_from(column);
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    var sums4 = vec4<f32>();
    var sums5 = vec4<f32>();
    var sums6 = vec4<f32>();
    var sums7 = vec4<f32>();
    for (var p = call.begin; p < call.end; p++) {
        let right = right_at(batch, p, columns);
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

// The same where k and n are multiples of 4, of 8 × 8 elements: the more of them, the fewer are read for each.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn fours(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let block = block_of(call.first + group.x, 8u, 8u);
    let batch = block.x;
    let row = block.y + local.y * 8u;
    let column = block.z + local.x * 8u;
    if (row >= call.m || column >= call.n) {
        return;
    }
    let upper = rows_from(batch, row) / 4u;
    let lower = rows_from(batch, row + 4u) / 4u;
    let stride = call.n / 4u;
    let apart = min(column / 4u + 1u, stride - 1u) - column / 4u;
    var left0 = vec4<f32>();
    var left1 = vec4<f32>();
    var left2 = vec4<f32>();
    var left3 = vec4<f32>();
    var left4 = vec4<f32>();
    var left5 = vec4<f32>();
    var left6 = vec4<f32>();
    var left7 = vec4<f32>();
    var right0 = vec4<f32>();
    var right1 = vec4<f32>();
    var right2 = vec4<f32>();
    var right3 = vec4<f32>();
    var right4 = vec4<f32>();
    var right5 = vec4<f32>();
    var right6 = vec4<f32>();
    var right7 = vec4<f32>();
    for (var p = call.begin / 4u; p < call.end / 4u; p++) {
        let at = (batch * call.k + 4u * p) * stride + column / 4u;
        let left = fours_of_b(at, stride);
        let right = fours_of_b(at + apart, stride);
        let some0 = vec4<f32>(a_fours[upper.x + p]);
        left0 += left * some0;
        right0 += right * some0;
        let some1 = vec4<f32>(a_fours[upper.y + p]);
        left1 += left * some1;
        right1 += right * some1;
        let some2 = vec4<f32>(a_fours[upper.z + p]);
        left2 += left * some2;
        right2 += right * some2;
        let some3 = vec4<f32>(a_fours[upper.w + p]);
        left3 += left * some3;
        right3 += right * some3;
        let some4 = vec4<f32>(a_fours[lower.x + p]);
        left4 += left * some4;
        right4 += right * some4;
        let some5 = vec4<f32>(a_fours[lower.y + p]);
        left5 += left * some5;
        right5 += right * some5;
        let some6 = vec4<f32>(a_fours[lower.z + p]);
        left6 += left * some6;
        right6 += right * some6;
        let some7 = vec4<f32>(a_fours[lower.w + p]);
        left7 += left * some7;
        right7 += right * some7;
    }
    add_fours(batch, row, column, left0, right0);
    add_fours(batch, row + 1u, column, left1, right1);
    add_fours(batch, row + 2u, column, left2, right2);
    add_fours(batch, row + 3u, column, left3, right3);
    add_fours(batch, row + 4u, column, left4, right4);
    add_fours(batch, row + 5u, column, left5, right5);
    add_fours(batch, row + 6u, column, left6, right6);
    add_fours(batch, row + 7u, column, left7, right7);
}

// Four rows of b, of which four elements each.
fn fours_of_b(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4<f32>(vec4<f32>(b_fours[at]), vec4<f32>(b_fours[at + stride]),
        vec4<f32>(b_fours[at + 2u * stride]), vec4<f32>(b_fours[at + 3u * stride]));
}

fn add_fours(batch: u32, row: u32, column: u32, left: vec4<f32>, right: vec4<f32>) {
    if (row >= call.m) {
        return;
    }
    let at = ((batch * call.m + row) * call.n + column) / 4u;
    c_fours[at] += left;
    if (column + 4u < call.n) {
        c_fours[at + 1u] += right;
    }
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let block = block_of(call.first + group.x, 4u, 4u);
    let row = block.y + local.y * 4u;
    let column = block.z + local.x * 4u;
    if (row >= call.m || column >= call.n) {
        return;
    }
    let left = rows_from(block.x, row);
    let columns = columns_from(column);
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    for (var p = call.begin; p < call.end; p++) {
        let right = right_at(block.x, p, columns);
        sums0 += f32(a[left.x + p]) * right;
        sums1 += f32(a[left.y + p]) * right;
        sums2 += f32(a[left.z + p]) * right;
        sums3 += f32(a[left.w + p]) * right;
    }
    add_to(block.x, row, column, sums0);
    add_to(block.x, row + 1u, column, sums1);
    add_to(block.x, row + 2u, column, sums2);
    add_to(block.x, row + 3u, column, sums3);
}

// Of a and b what a workgroup of GROUP_X × GROUP_X multiplies next: GROUP_X columns of a, GROUP_X rows of b.
var<workgroup> left_tile: array<vec4<f32>, GROUP>;
var<workgroup> right_tile: array<vec4<f32>, GROUP>;

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn tiles(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let block = block_of(call.first + group.x, 4u, 4u);
    let row = block.y + local.y * 4u;
    let column = block.z + local.x * 4u;
    let left = rows_from(block.x, row);
    let columns = columns_from(column);
    let here = local.y * GROUP_X + local.x;
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    for (var tile = call.begin; tile < call.end; tile += GROUP_X) {
        let p = tile + local.x;
        let q = tile + local.y;
        workgroupBarrier();
        left_tile[here] = vec4<f32>();
        right_tile[here] = vec4<f32>();
        if (p < call.end) {
            left_tile[here] = vec4<f32>(f32(a[left.x + p]), f32(a[left.y + p]), f32(a[left.z + p]), f32(a[left.w + p]));
        }
        if (q < call.end) {
            right_tile[here] = right_at(block.x, q, columns);
        }
        workgroupBarrier();
        for (var i = 0u; i < GROUP_X; i++) {
            let one = left_tile[local.y * GROUP_X + i];
            let right = right_tile[i * GROUP_X + local.x];
            sums0 += one.x * right;
            sums1 += one.y * right;
            sums2 += one.z * right;
            sums3 += one.w * right;
        }
    }
    if (column < call.n) {
        add_to(block.x, row, column, sums0);
        add_to(block.x, row + 1u, column, sums1);
        add_to(block.x, row + 2u, column, sums2);
        add_to(block.x, row + 3u, column, sums3);
    }
}

// The batch, the first row and the first column of a workgroup whose invocations make so many rows and columns each.
fn block_of(index: u32, rows: u32, columns: u32) -> vec3<u32> {
    let wide = columns * GROUP_X;
    let high = rows * GROUP_Y;
    let across = (call.n + wide - 1u) / wide;
    let down = (call.m + high - 1u) / high;
    return vec3<u32>(index / (across * down), index / across % down * high, index % across * wide);
}

fn columns_from(column: u32) -> vec4<u32> {
    return min(vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(call.n - 1u));
}

// Of row p of b.
fn right_at(batch: u32, p: u32, columns: vec4<u32>) -> vec4<f32> {
    let at = columns + vec4<u32>((batch * call.k + p) * call.n);
    return vec4<f32>(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
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
