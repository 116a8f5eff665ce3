// The page at `/api/docs`: reads an OpenAPI document of the server.
import { mount } from 'svelte';

import './design/tokens.css';
import './design/base.css';
import './design/theme.svelte';
import Docs from './pages/Docs.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('docs.html has no element with id "app" to mount the page in');

export default mount(Docs, { target });
