// c = a + b, element by element.

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, 256u);
    if (i < call.lead) {
        c[i] = a[i] + b[i];
    }
}
