"""Network layers and the words in which a project writes them, shared by several models.

Models import it. Begin with `layer_language`.
"""
