// updated[u, d] = weights[u, d] + rate · Σ influence[n, u] · (data[n, d] - weights[u, d]) over the n points: one step of
// a batch of a self-organising map, each point as it finds the weights at first.

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i >= call.u * call.d) {
        return;
    }
    let old = weights[i];
    var sum = 0.0;
    for (var j = call.begin; j < call.end; j++) {
        sum += influence[j * call.u + i / call.d] * (data[j * call.d + i % call.d] - old);
    }
    updated[i] = select(updated[i], old, call.begin == 0u) + call.rate * sum;
}
