// distances[n, u] = |data[n, d] - weights[u, d]|², of each point of data from each unit of a self-organising map.

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i >= call.n * call.u) {
        return;
    }
    let left = i / call.u * call.d;
    let right = i % call.u * call.d;
    var sum = 0.0;
    for (var j = call.begin; j < call.end; j++) {
        let apart = data[left + j] - weights[right + j];
        sum += apart * apart;
    }
    distances[i] += sum;
}
