/** WebRTC-direct, by the npm package node-datachannel, which an operator adds who wants it: it has binaries for some machines only. */
export { webRTCDirect } from '@libp2p/webrtc';
