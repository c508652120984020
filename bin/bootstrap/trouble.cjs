/** Something about the machine that whoever reads the message can change. Its message is all they are shown. */
class Trouble extends Error {}

module.exports = { Trouble }
