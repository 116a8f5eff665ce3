import { mount } from 'svelte';

import App from './App.svelte';
import './design/tokens.css';
import './design/base.css';
import './design/theme.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element with id "app" to mount the page in');

export default mount(App, { target });
