onmessage = ({ ports: [link] }) => {
    link.onmessage = ({ data }) => link.postMessage(data, [data]);
};
