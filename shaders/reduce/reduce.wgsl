// y[*] = the sum, mean, largest or smallest of x[*, n], a workgroup for each row, or an invocation where rows are short. Of no elements the sum is 0, the mean
// NaN, the largest -infinity and the smallest infinity. NaN among them makes it NaN.

// The table's order.
const MEAN = 1.0;
const MAX = 2.0;
const MIN = 3.0;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = call.first + group.x;
    var share = nothing();
    for (var i = call.begin + local; i < call.end; i += LANES) {
        share = joined(share, x[row * call.n + i]);
    }
    share_out(local, share);
    if (local > 0u) {
        return;
    }
    var all = nothing();
    if (call.begin > 0u) {
        all = y[row];
    }
    for (var i = 0u; i < LANES; i++) {
        all = joined(all, shares[i]);
    }
    y[row] = whole(all);
}

@compute @workgroup_size(LANES)
fn main_short(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = item(group.x, local, LANES);
    if (row >= call.lead) {
        return;
    }
    var all = nothing();
    for (var i = 0u; i < call.n; i++) {
        all = joined(all, x[row * call.n + i]);
    }
    y[row] = whole(all);
}

fn whole(all: f32) -> f32 {
    if (call.operation == MEAN && call.end == call.n) {
        return all / f32(call.n);
    }
    return all;
}

fn nothing() -> f32 {
    if (call.operation < MAX) {
        return 0.0;
    }
    return select(-infinity(), infinity(), call.operation == MIN);
}

fn joined(left: f32, right: f32) -> f32 {
    if (call.operation < MAX) {
        return left + right;
    }
    if (is_nan(left)) {
        return left;
    }
    if (is_nan(right)) {
        return right;
    }
    return select(max(left, right), min(left, right), call.operation == MIN);
}
