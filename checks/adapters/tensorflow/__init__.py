"""TensorFlow: functions of tensors, with custom gradients or without, and Keras' layers and models, as Subjects.

Nothing here imports tensorflow or keras before somebody else has.
"""
