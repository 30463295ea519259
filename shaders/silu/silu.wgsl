// y = x / (1 + e^-x).

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, 256u);
    if (i < call.lead) {
        y[i] = x[i] / (1.0 + exp(clamp(-x[i], -88.0, 88.0)));
    }
}
