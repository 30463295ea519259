// y = e^x / Σ e^x over the last dimension. Of each row `scratch` has the largest x, which is taken off before, and the
// sum.

@compute @workgroup_size(LANES)
fn measure(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = call.first + group.x;
    var most = LOWEST;
    for (var i = call.begin + local; i < call.end; i += LANES) {
        most = max(most, x[row * call.n + i]);
    }
    most = largest(local, most);
    var sum = 0.0;
    for (var i = call.begin + local; i < call.end; i += LANES) {
        sum += exp(x[row * call.n + i] - most);
    }
    sum = total(local, sum);
    if (local > 0u) {
        return;
    }
    let before = select(LOWEST, scratch[2u * row], call.begin > 0u);
    let top = max(before, most);
    scratch[2u * row] = top;
    scratch[2u * row + 1u] = scratch[2u * row + 1u] * exp(before - top) + sum * exp(most - top);
}

// An invocation for each row.
@compute @workgroup_size(LANES)
fn measure_short(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = item(group.x, local, LANES);
    if (row >= call.lead) {
        return;
    }
    var most = LOWEST;
    for (var i = 0u; i < call.n; i++) {
        most = max(most, x[row * call.n + i]);
    }
    var sum = 0.0;
    for (var i = 0u; i < call.n; i++) {
        sum += exp(x[row * call.n + i] - most);
    }
    scratch[2u * row] = most;
    scratch[2u * row + 1u] = sum;
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead * call.n) {
        let row = i / call.n;
        y[i] = exp(x[i] - scratch[2u * row]) / scratch[2u * row + 1u];
    }
}
