// y = x · Φ(x) with the error function, as ONNX's Gelu without an approximation.

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead) {
        y[i] = 0.5 * x[i] * (1.0 + erf_of(x[i] * 0.707106781));
    }
}
