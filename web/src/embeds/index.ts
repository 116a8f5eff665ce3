// Players of providers, for the page: fetched with the first film that needs one.
export { dialectOf } from './dialects';
export { FramePlayer } from './frame-player';
