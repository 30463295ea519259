/** Memory that several workers see at once. */

/** Whether it can be had here. WebKitGTK says that a page is isolated and yet may have no
 * SharedArrayBuffer. */
export const sharesMemory = () => self.crossOriginIsolated && typeof SharedArrayBuffer === 'function';
