// Numbers that look random and are the same for the same seed.
//
//     const random = new Random(7);
//     random.below(13); random.between(20, 250); random.pick(['a', 'b']); random.chance(0.5);
//
// A counter in large odd steps, and each step's bits mixed until every one depends on every other.
const STEP = 0x9e3779b9;

export class Random {
  constructor(seed) {
    this.counter = seed >>> 0;
  }

  /** 32 bits. */
  bits() {
    this.counter = (this.counter + STEP) >>> 0;
    let word = this.counter;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  }

  /** From 0 up to, and never, 1. */
  fraction() {
    return this.bits() / 2 ** 32;
  }

  /** A whole number from 0 to count - 1. */
  below(count) {
    return Math.floor(this.fraction() * count);
  }

  /** A whole number, both ends included. */
  between(low, high) {
    return low + this.below(high - low + 1);
  }

  chance(probability) {
    return this.fraction() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** A key of {key: weight}, the heavier the more often. */
  weighted(weights) {
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    let left = this.fraction() * total;
    for (const [key, weight] of Object.entries(weights)) {
      left -= weight;
      if (left < 0) return key;
    }
    return Object.keys(weights).at(-1);
  }
}
