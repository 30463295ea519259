/** A picture's file that is cut or broken; the message says in which way. */
export class Broken extends Error {}
