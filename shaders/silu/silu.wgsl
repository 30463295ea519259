// y = x / (1 + e^-x).

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead) {
        y[i] = x[i] / (1.0 + exp(clamp(-x[i], -88.0, 88.0)));
    }
}
