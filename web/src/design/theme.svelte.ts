// Light, dark, or as the system has it; remembered.
import { setting } from '../net/storage';

export type ThemeChoice = 'system' | 'light' | 'dark';

const light = matchMedia('(prefers-color-scheme: light)');
const stored = setting.get('theme');

class Theme {
  choice = $state<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'system');
  #systemLight = $state(light.matches);

  constructor() {
    light.addEventListener('change', (event) => {
      this.#systemLight = event.matches;
      this.apply();
    });
    this.apply();
  }

  get shown(): 'light' | 'dark' {
    if (this.choice !== 'system') return this.choice;
    return this.#systemLight ? 'light' : 'dark';
  }

  /** One button: to the other one; back to the system's where that is the same. */
  toggle(): void {
    const next = this.shown === 'dark' ? 'light' : 'dark';
    this.choice = next === (this.#systemLight ? 'light' : 'dark') ? 'system' : next;
    setting.set('theme', this.choice === 'system' ? null : this.choice);
    this.apply();
  }

  apply(): void {
    document.documentElement.dataset['theme'] = this.shown;
  }
}

export const theme = new Theme();
