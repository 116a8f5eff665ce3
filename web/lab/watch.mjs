// Runs inside the measured page, before its own scripts: notes every frame that the page's video
// shows, and every press and stall. All times are the page's `performance.now()`.
//
// It must cost the page next to nothing: one push of five numbers a frame.

export function watch() {
  const lab = {
    /** Each shown frame: when it is on screen, its media time in seconds, the playback rate; and the player's own clock: when it was read, what it said in seconds. @type {[number, number, number, number, number][]} */
    frames: [],
    /** What happened besides: [time, kind, playback rate or position]. @type {[number, string, number][]} */
    events: [],
  };
  Object.assign(window, { __lab: lab });

  /** @param {HTMLVideoElement} video */
  const follow = (video) => {
    /** @type {VideoFrameRequestCallback} */
    const shown = (_now, frame) => {
      lab.frames.push([
        frame.expectedDisplayTime,
        frame.mediaTime,
        video.playbackRate,
        performance.now(),
        video.currentTime,
      ]);
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
    for (const kind of [
      'waiting',
      'stalled',
      'seeking',
      'seeked',
      'playing',
      'pause',
      'ratechange',
    ]) {
      video.addEventListener(kind, () => {
        const value = kind === 'ratechange' ? video.playbackRate : video.currentTime;
        lab.events.push([performance.now(), kind, value]);
      });
    }
  };

  const followed = new WeakSet();
  new MutationObserver(() => {
    const video = document.querySelector('video');
    if (!video || followed.has(video)) return;
    followed.add(video);
    follow(video);
  }).observe(document, { childList: true, subtree: true });

  for (const kind of ['click', 'keydown', 'pointerdown']) {
    document.addEventListener(kind, () => lab.events.push([performance.now(), kind, 0]), true);
  }
}
