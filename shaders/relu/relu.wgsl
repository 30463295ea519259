// y = x where x is positive, else 0. NaN stays NaN.

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead) {
        y[i] = select(max(x[i], 0.0), x[i], is_nan(x[i]));
    }
}
