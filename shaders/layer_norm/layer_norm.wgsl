// y = (x - mean) / √(variance + ε) · scale + bias over the last dimension, whose variance is that of all its elements,
// as ONNX's LayerNormalization. Of each row `scratch` has the sum, and that of the squared distances from the mean.

@compute @workgroup_size(LANES)
fn add_up(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = call.first + group.x;
    var sum = 0.0;
    for (var i = call.begin + local; i < call.end; i += LANES) {
        sum += x[row * call.n + i];
    }
    sum = total(local, sum);
    if (local == 0u) {
        scratch[2u * row] += sum;
    }
}

@compute @workgroup_size(LANES)
fn add_squares(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = call.first + group.x;
    let mean = scratch[2u * row] / f32(call.n);
    var sum = 0.0;
    for (var i = call.begin + local; i < call.end; i += LANES) {
        let apart = x[row * call.n + i] - mean;
        sum += apart * apart;
    }
    sum = total(local, sum);
    if (local == 0u) {
        scratch[2u * row + 1u] += sum;
    }
}

// An invocation for each row.
@compute @workgroup_size(LANES)
fn add_up_short(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = item(group.x, local, LANES);
    if (row >= call.lead) {
        return;
    }
    var sum = 0.0;
    for (var i = 0u; i < call.n; i++) {
        sum += x[row * call.n + i];
    }
    scratch[2u * row] = sum;
}

@compute @workgroup_size(LANES)
fn add_squares_short(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = item(group.x, local, LANES);
    if (row >= call.lead) {
        return;
    }
    let mean = scratch[2u * row] / f32(call.n);
    var sum = 0.0;
    for (var i = 0u; i < call.n; i++) {
        let apart = x[row * call.n + i] - mean;
        sum += apart * apart;
    }
    scratch[2u * row + 1u] = sum;
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead * call.n) {
        let row = i / call.n;
        let mean = scratch[2u * row] / f32(call.n);
        let factor = 1.0 / sqrt(scratch[2u * row + 1u] / f32(call.n) + call.epsilon);
        y[i] = (x[i] - mean) * factor * scale[i % call.n] + bias[i % call.n];
    }
}
