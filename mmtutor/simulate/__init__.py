"""The simulator: latent numbers (:class:`~mmtutor.simulate.latent.PostWorld`), and faces, voices,
music and texts drawn from them.
"""
