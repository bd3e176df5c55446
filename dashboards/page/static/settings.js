// What a browser remembers for its reader: light or dark, sound, single keys. Where it may keep nothing, the defaults hold.

const DEFAULTS = { theme: "auto", sound: "off", keys: "on" };

export function setting(name) {
  try {
    return localStorage.getItem(`steadyline.${name}`) ?? DEFAULTS[name];
  } catch {
    return DEFAULTS[name];
  }
}

export function keepSetting(name, value) {
  try {
    localStorage.setItem(`steadyline.${name}`, value);
  } catch {
    // It then holds until the page is left.
  }
}

export function applyTheme() {
  const theme = setting("theme");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

let audio;
// Two tones, once. Browsers play nothing before the page was touched; the sound is switched on by a touch.
export function sound() {
  if (setting("sound") !== "on") return;
  audio ??= new AudioContext();
  for (const [delay, tone] of [[0, 660], [0.25, 880]]) {
    const [source, level] = [audio.createOscillator(), audio.createGain()];
    source.frequency.value = tone;
    level.gain.setValueAtTime(0.0001, audio.currentTime + delay);
    level.gain.exponentialRampToValueAtTime(0.25, audio.currentTime + delay + 0.02);
    level.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + delay + 0.22);
    source.connect(level).connect(audio.destination);
    source.start(audio.currentTime + delay);
    source.stop(audio.currentTime + delay + 0.25);
  }
}
