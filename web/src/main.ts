import { mount } from 'svelte';

import App from './App.svelte';
import './design/tokens.css';
import './design/base.css';
import './design/theme.svelte';

// The server writes a relative `<base>`, and Chromium resolves it anew after each pushState: made
// absolute before the first one, it stays the page's root, and no link becomes `/r/r/…`.
const base = document.querySelector('base');
if (base) base.href = document.baseURI;

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element with id "app" to mount the page in');

export default mount(App, { target });
