/** How many others each page and program of the bench wants, and how often it looks for them, in ms: as often as it may. */
export const WANTED = { maxPeers: 8, discoveryInterval: 5000 };
