// y[*, n, m] = x[*, m, n] with the last two dimensions exchanged.

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead * call.m * call.n) {
        let row = i % call.m;
        let column = i / call.m % call.n;
        y[i] = x[(i / (call.m * call.n) * call.m + row) * call.n + column];
    }
}
