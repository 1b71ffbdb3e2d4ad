/**
 * The sound of a timer that is over: three soft tones, made on the device. Browsers only let a page sound
 * after a press, so the bell is created by the press that starts a timer.
 */
export interface Bell {
  readonly ring: () => void;
}

const toneHz = 880;
const toneSeconds = 0.35;
const toneCount = 3;
const loudness = 0.2;

export const createBell = (): Bell => {
  const context = new AudioContext();
  const playTone = (startsAt: number) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = toneHz;
    // Without the ramp each tone would begin and end with a click.
    volume.gain.setValueAtTime(0, startsAt);
    volume.gain.linearRampToValueAtTime(loudness, startsAt + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, startsAt + toneSeconds);
    tone.connect(volume).connect(context.destination);
    tone.start(startsAt);
    tone.stop(startsAt + toneSeconds);
  };
  return {
    ring: () => {
      for (let index = 0; index < toneCount; index += 1) {
        playTone(context.currentTime + index * toneSeconds);
      }
    },
  };
};
