import { answers } from './models.mjs';
import { load } from './ort-model.mjs';

onmessage = answers(async (what) => {
    const { session, feeds } = await load(what);
    return async () => Object.values(await session.run(feeds)).map(({ data }) => data);
});
