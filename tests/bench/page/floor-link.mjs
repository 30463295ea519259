onmessage = ({ data: port, ports: [engine] }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'floor');
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => engine.postMessage(data, [data]);
    engine.onmessage = ({ data }) => socket.send(data);
    socket.onopen = () => postMessage('connected');
};
