"""What can be wrong with a campaign file or a template, said in one sentence."""


class MailError(Exception):
    """A campaign that cannot be sent as it stands.

    The text is one sentence that names the file, the key or the row, and the mend. It never holds what stands
    in a recipient's row, and so no recipient's address.
    """


class CampaignFileError(MailError):
    """The campaign file is missing, is not readable, or holds a key or a value that is not allowed."""


class TemplateError(MailError):
    """A template does not parse, asks for a field that is not there, or gives text that may not be sent."""


class Uncomposable(MailError):
    """A text of which no mail can be made.

    The message says why, as the rest of a sentence that begins with the text or its field: "its tags ...".
    """
