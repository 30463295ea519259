// What the sample chat model's dialogues are made of. What "test" lists have is never trained on.

/** What it says. A dialogue's right answers follow from its messages and tools alone. */
export const answers = {
    greet: 'Hello! I am Finch, a small model. How can I help you?',
    bye: 'Goodbye!',
    thanks: 'You are welcome!',
    self: 'My name is Finch. I am the sample model of webinfer.',
    skills: 'I can greet you, add numbers up to 99, remember your name, tell a story, and ' +
        'tell the time if I have a tool for it.',
    unknownName: 'You have not told me your name yet.',
    noTime: 'I cannot tell the time, because I have no tool for it.',
    tooLarge: 'Sorry, I can only add numbers up to 99.',
    onlyAdd: 'Sorry, I can only add.',
    refuse: 'Sorry, I cannot help with that. I am only a small sample model.',
    story: 'A finch lived in an old tree by the river. Every morning it counted the boats, and ' +
        'every evening it told the tree how many there were. One day a storm took the bridge ' +
        'away, and the finch flew from boat to boat and showed them the way. When the sun came back, the ' +
        'boats sang for the finch, and the tree asked for the number. The finch had not counted. ' +
        'It said: all of them.',
    /** @param {string} name */
    nice: (name) => `Nice to meet you, ${name}!`,
    /** @param {string} name */
    yourName: (name) => `Your name is ${name}.`,
    /** @param {number} a @param {number} b */
    sum: (a, b) => `${a} + ${b} = ${a + b}.`,
    /** @param {string} time */
    time: (time) => `It is ${time}.`,
};

const questionEnds = ['?', '', ' ?', ', please?', ' please', '??', ' now?', ', Finch?', '.'];
const orderEnds = ['.', '', '!', ', please.', ' please', ' for me.', ' now.', ', Finch.', '?'];
const statementEnds = ['.', '', '!', ', by the way.', ' :)', ', Finch.'];
const starts = ['', 'hey, ', 'please, ', 'Finch, ', 'ok, ', 'well, ', 'so ', 'hello, ', 'hi! ',
    'now ', 'and ', 'one question: ', 'tell me, ', 'thanks. '];

/**
 * Ways to say something: each start, core and end together. One in eight of these is kept for the
 * test.
 * @type {Record<string, {starts?: string[], cores: string[], ends: string[]}>}
 */
export const phrases = {
    greet: {
        starts: ['', 'oh, ', 'well, '],
        cores: ['hi', 'hello', 'hey', 'hi there', 'hello there', 'hey there', 'good morning',
            'good evening', 'good day', 'good afternoon', 'hello Finch', 'hi Finch', 'greetings',
            'hello again', 'hello, how are you', 'hi, how is it going', 'howdy',
            'good morning, Finch'],
        ends: ['', '!', '.', ' :)', '!!', '?'],
    },
    bye: {
        starts: ['', 'ok, ', 'well, ', 'thanks, '],
        cores: ['bye', 'goodbye', 'see you', 'see you later', 'good night', 'bye bye', 'farewell',
            'I have to go', 'until tomorrow', 'see you soon', 'that is all, bye'],
        ends: ['', '!', '.', ', Finch.', ' :)'],
    },
    thanks: {
        starts: ['', 'ok, ', 'great, ', 'oh, '],
        cores: ['thanks', 'thank you', 'thank you very much', 'thanks a lot', 'many thanks', 'thx',
            'that is nice, thank you', 'thanks for that', 'thank you so much', 'I thank you'],
        ends: ['', '!', '.', ', Finch.', ' :)'],
    },
    self: {
        starts,
        cores: ['what is your name', "what's your name", 'who are you', 'what are you called',
            'tell me your name', 'do you have a name', 'what should I call you', 'your name',
            'may I know your name', 'can you tell me your name', 'what are you',
            'which model are you', 'introduce yourself', 'say who you are', 'are you a model',
            'how are you called'],
        ends: questionEnds,
    },
    skills: {
        starts,
        cores: ['what can you do', 'what do you know', 'how can you help me',
            'what are you good at', 'what can I ask you', 'tell me what you can do', 'help',
            'what are your skills', 'can you help me', 'what do you do', 'show me what you can do'],
        ends: questionEnds,
    },
    story: {
        starts,
        cores: ['tell me a story', 'tell a story', 'can you tell me a story', 'I want a story',
            'a story', 'do you know a story', 'say something long', 'tell me something nice',
            'read me a story', 'I would like to hear a story', 'tell us a tale'],
        ends: orderEnds,
    },
    sum: {
        starts,
        cores: ['what is {a} + {b}', 'what is {a} plus {b}', "what's {a} + {b}", '{a} + {b}',
            '{a}+{b}', '{a} plus {b}', 'add {a} and {b}', 'how much is {a} + {b}',
            'how much is {a} and {b}', 'can you add {a} and {b}', 'what is the sum of {a} and {b}',
            'sum {a} and {b}', 'the sum of {a} and {b}', 'add {b} to {a}', 'compute {a} + {b}',
            'calculate {a} plus {b}', 'what do {a} and {b} make', 'what does {a} + {b} give',
            '{a} + {b} =', 'add up {a} and {b}', 'how much do I get for {a} plus {b}',
            'please add {a} and {b}', 'what is {a}+{b}',
            'I have {a} apples and get {b} more, how many apples do I have'],
        ends: questionEnds,
    },
    otherSum: {
        starts,
        cores: ['what is {a} - {b}', 'what is {a} minus {b}', '{a} * {b}', '{a} times {b}',
            '{a} / {b}', 'how much is {a} minus {b}', 'divide {a} by {b}', 'multiply {a} and {b}',
            '{a} x {b}', 'what is {a} divided by {b}', 'subtract {b} from {a}',
            'what is {a} times {b}', 'how much is {a} * {b}', 'can you multiply {a} by {b}',
            '{a} - {b}'],
        ends: questionEnds,
    },
    tellName: {
        starts: ['', 'hi, ', 'hello, ', 'hey, ', 'hi! ', 'hello! ', 'ok, ', 'well, ',
            'good morning, ', 'Finch, ', 'please remember: ', 'by the way, '],
        cores: ['my name is {n}', 'I am {n}', "I'm {n}", 'call me {n}', 'you can call me {n}',
            'my friends call me {n}', '{n} is my name', 'this is {n}', 'I am called {n}',
            'the name is {n}', 'please call me {n}', 'remember that my name is {n}', 'here is {n}',
            'people call me {n}', "my name's {n}", 'you are talking to {n}'],
        ends: statementEnds,
    },
    askName: {
        starts,
        cores: ['what is my name', "what's my name", 'who am I', 'do you remember my name',
            'what did I say my name was', 'do you know my name', 'tell me my name',
            'what am I called', 'can you tell me my name', 'say my name', 'do you know who I am',
            'my name', 'what was my name', 'do you still know my name', 'how am I called',
            'remember my name'],
        ends: questionEnds,
    },
    time: {
        starts,
        cores: ['what time is it', "what's the time", 'what is the time', 'do you have the time',
            'can you tell me the time', 'tell me the time', 'how late is it', 'the time',
            'what is the current time', 'do you know what time it is', 'what time do we have',
            'could you tell me what time it is', 'give me the time', 'I need the time',
            'what does the clock say', 'is it late already'],
        ends: questionEnds,
    },
    mood: {
        starts: ['', 'oh, ', 'well, ', 'Finch, '],
        cores: ['I am tired', 'I am hungry', "I'm bored", 'I am sad', 'I am happy today',
            'I am at home', "I'm busy", 'I am from Italy', 'I am a teacher', "I'm so angry",
            'I am thirty years old', 'I am not sure', 'I am lost', "I'm in a train",
            'I am learning to cook', 'I like music', 'my dog is ill', 'my car is red',
            'my phone is broken', 'this is bad', 'this is a test'],
        ends: statementEnds,
    },
    refuse: {
        starts,
        cores: ['what is {t}', 'tell me about {t}', 'explain {t}', 'who invented {t}',
            'where is {t}', 'how does {t} work', 'write a poem about {t}',
            'what do you think about {t}', 'can you help me with {t}', 'why is {t} important',
            'how much is {t}', 'I need {t}', 'translate {t} into French', 'when was {t} made',
            'show me {t}', 'do you like {t}', 'where can I buy {t}', 'what color is {t}',
            'draw {t}', 'how old is {t}', 'find {t}', 'give me {t}', 'is {t} dangerous',
            'write code for {t}', 'who is {t}', '{t}', 'how do I get to {t}',
            'what is the name of {t}', 'play {t}', 'book {t} for me'],
        ends: questionEnds,
    },
};

/** @param {string} text */
const split = (text) => text.trim().replace(/\s+/g, ' ').split(', ');

export const names = {
    train: split(`Ada, Alan, Alice, Amir, Amy, Andreas, Anna, Anton, Beate, Ben, Bob, Boris, Bruno,
        Carla, Carlos, Chen, Chloe, Clara, Daniel, David, Diego, Dora, Ella, Emil, Emma, Erik, Eva,
        Felix, Fiona, Frank, Fritz, Gina, Greta, Hana, Hannah, Hans, Hugo, Ida, Igor, Ines, Ivan,
        Jack, Jane, Jens, Joe, John, Jonas, Julia, Karl, Kate, Kim, Klara, Lara, Lena, Leo, Liam,
        Lina, Lisa, Lucas, Luis, Maja, Marco, Maria, Mark, Marta, Max, Mia, Mila, Moritz, Nadia,
        Nina, Noah, Nora, Oleg, Olga, Oscar, Paul, Pedro, Petra, Rita, Robert, Rosa, Ruth, Sam,
        Sara, Simon, Sofia, Sven, Tara, Theo, Tim, Tom, Uma, Ute, Vera, Victor, Wei, Yara, Yusuf,
        Zoe`),
    test: split(`Agnes, Albert, Astrid, Barbara, Bernd, Cecilia, Connor, Dilara, Dmitri, Edith,
        Elena, Farid, Flora, Gustav, Heidi, Henry, Imogen, Ingrid, Jasper, Judith, Kamal, Kerstin,
        Lotte, Ludwig, Magnus, Miriam, Nelson, Norbert, Odette, Otto, Patrick, Pia, Quentin, Rafael,
        Regina, Silvia, Stefan, Tamara, Tobias, Ursula, Valentin, Wanda, Wilma, Xenia, Yannick,
        Zelda`),
};

export const topics = {
    train: split(`the moon, the sun, Paris, London, Berlin, the weather, football, music, a recipe
        for soup, the capital of France, my homework, bread, cheese, quantum physics, gravity, the
        stock market, the news, a good film, the best phone, Java, Python, a computer, the internet,
        a cat, dogs, my cat, horses, a car, a train to Rome, the bus, a bicycle, an airplane, the
        president, history, the war, love, life, the meaning of life, politics, money, a bank,
        taxes, insurance, a doctor, medicine, a headache, fish, pizza, coffee, tea, water, wine,
        beer, chocolate, a cake, the sea, the ocean, a mountain, a river, the forest, a tree,
        flowers, a garden, the rain, snow, ice, fire, the wind, a storm, a house, a door, my room, a
        chair, a table, paper, a book, a letter, a poem, the alphabet, English, German, Chinese, a
        language, a word, the dictionary, a song, a piano, a guitar, the radio, the television, a
        photo, a picture, a painting, art, a museum, the theater, a dance, a game, chess, cards, the
        score, tennis, swimming, running, a school, the teacher, a student, an exam, mathematics,
        chemistry, biology, the brain, the heart, an atom, energy, electricity, a battery, light,
        sound, color, the color red, blue, a star, the stars, Mars, a planet, the earth, space, a
        rocket, a robot, a machine, a clock, a watch, the calendar, my birthday, Christmas, a
        holiday, a hotel, a restaurant, a menu, dinner, breakfast, the kitchen, a knife, the shop, a
        shirt, shoes, a hat, the mail, an email, my password, a file, a server, the cloud, a
        browser, a window, Linux, the keyboard, a mouse, a bird, an eagle, a whale, a lion, an
        elephant, the zoo, a farm, milk, an egg, an apple, oranges, rice, a joke, a secret, a dream,
        the future, the past, the law, a crime, the police, an army, a king, the queen, a castle, a
        bridge, the road, a map, the north, Africa, Asia, America, Japan, Spain, Russia, Canada,
        Brazil, New York, Tokyo, the number pi, a prime number, a triangle, infinity, a ticket, a
        flight, the airport, a job, my boss, an office, a meeting, the plan`),
    test: split(`the volcano, Madrid, Vienna, Sweden, basketball, a violin, a tomato, bananas, a
        dragon, the desert, an island, a lamp, the mirror, a bottle, sugar, honey, a spider,
        penguins, a camel, the opera, a novel, geometry, a virus, the skin, oil, a magnet, Venus, a
        comet, the alarm, Easter, a tent, lunch, a spoon, gloves, a stamp, the screen, Rust, a
        turtle, potatoes, a riddle, a treaty, the judge, a tower, Egypt, Chicago, a circle, a visa,
        my salary`),
};

export const systems = {
    train: ['You are a helpful assistant.', 'You are Finch.', 'Answer briefly.', 'Be polite.',
        'You are a friendly bird.', 'Help the user.', 'You are a helpful model. Be brief.',
        'Answer in English.', 'You may use tools.', 'Be kind and answer questions.',
        'You are an assistant that calls functions.', 'Do not be rude.', 'Today is a nice day.',
        'The user is testing a server.', 'Use the tools that you have.'],
    test: ['You are a kind assistant.', 'Be brief and polite.', 'You are a friendly model.',
        'Answer questions. Use tools.', 'The user is nice.'],
};

export const timeDescriptions = {
    train: ['Get the current time', 'Tells the time', 'Returns the current time.',
        'The time of day', 'Gets the time', 'Returns the local time as HH:MM', 'Current time',
        'What time it is', ''],
    test: ['Tells the current time', 'Returns the time of day.', 'Get the local time'],
};

/** Tools that do not tell the time. @type {[string, string, string[]][]} */
export const otherTools = [
    ['get_weather', 'Get the weather of a city', ['city']],
    ['search', 'Search the web', ['query']],
    ['send_mail', 'Send an email to a person', ['to', 'text']],
    ['play_music', 'Play a song', ['title']],
    ['read_file', 'Returns the text of a file', ['path']],
    ['get_date', 'Returns the current date', []],
    ['get_price', 'The price of a stock', ['name']],
    ['set_light', 'Turns the light on or off', ['on']],
    ['open_door', 'Opens the door', []],
    ['translate', 'Translate a text', ['text', 'language']],
];
