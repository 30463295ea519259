/** What a state of the page says of whether it is lent. Pure. */

/** @import { StateMessage } from './messages.js' */

/** The page computes no more, for good. @param {Pick<StateMessage, 'state'>} message */
export const isOver = ({ state }) => state === 'stopped' || state === 'refused';

/** The page has joined with a link or as a device, and computes on. @param {Pick<StateMessage, 'joined' | 'state'>} message */
export const isLent = (message) => message.joined && !isOver(message);
